import {
  KERNEL_DEFAULTS,
  SETTING_NAMES,
  SETTINGS,
  type SettingName,
  type Values,
} from '../../plan/container-sysctls.ts';

/** The sysctls that a namespace is to have, and which present values may be replaced: the kernel's defaults and our own. */
export interface DesiredSysctls extends Values {
  readonly replaceable: Readonly<Record<SettingName, readonly string[]>>;
}

/**
 * What one container is to have; `ours` are all values that we ever wrote. What was chosen for the container takes the place
 * of ours, and comes back where we have overridden it: also a choice that equals the kernel's default.
 */
export function desiredSysctls(values: Values, ours: readonly Values[], chosen: Partial<Values> = {}): DesiredSysctls {
  const replaceable = (name: SettingName): readonly string[] => {
    const given = ours.map((one) => one[name]).filter((value) => value !== KERNEL_DEFAULTS[name]);
    return [...new Set(chosen[name] === undefined ? [KERNEL_DEFAULTS[name], ...given] : given)];
  };
  return {
    ...values,
    ...chosen,
    replaceable: {
      range: replaceable('range'),
      reserved: replaceable('reserved'),
      timestamps: replaceable('timestamps'),
    },
  };
}

/** Those of our settings that were chosen, as the kernel writes them; what the kernel would refuse was never set. */
export function chosenAmong(settings: Readonly<Record<string, string>>): Partial<Values> {
  const found = SETTING_NAMES.flatMap((name) => {
    const value = settings[SETTINGS[name]];
    return value === undefined || !/^[\d ,-]*$/.test(value)
      ? []
      : [[name, name === 'range' ? value.replace(' ', '\t') : value] as const];
  });
  return Object.fromEntries(found);
}
