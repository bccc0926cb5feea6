/** Where the host's own fence keeps its state until the next boot; other network namespaces have folders of their own in it. */
export const RUN_FOLDER = '/run/portfence';
