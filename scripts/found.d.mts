/** Whether the machine has the command. */
export declare const isThere: (command: string) => boolean;
