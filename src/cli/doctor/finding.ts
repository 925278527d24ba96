/** How a check came out, in order of severity. */
export type Severity = 'ok' | 'warning' | 'error';

/** One line of the doctor's report. */
export interface Finding {
  /** What was looked at. */
  readonly check: string;
  readonly severity: Severity;
  /** What was found. */
  readonly message: string;
  /** What to do; '' where there is nothing to do. */
  readonly remedy: string;
}

export function ok(check: string, message: string): Finding {
  return { check, severity: 'ok', message, remedy: '' };
}

export function warning(check: string, message: string, remedy: string): Finding {
  return { check, severity: 'warning', message, remedy };
}

export function error(check: string, message: string, remedy: string): Finding {
  return { check, severity: 'error', message, remedy };
}

/** The message of whatever was thrown, its first line. */
export function reasonOf(thrown: unknown): string {
  return (thrown instanceof Error ? thrown.message : String(thrown)).split('\n')[0]!;
}
