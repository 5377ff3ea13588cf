/** Whether two-digit year, month and day are a date in some century. */
export function isDateOf(year: string, month: string, day: string): boolean {
  const [y, m, d] = [Number(year), Number(month), Number(day)];
  if (m < 1 || m > 12 || d < 1) return false;
  // 1900 was no leap year; 2000 was, and a short year does not say which is meant.
  return d <= new Date(Date.UTC(2000 + y, m, 0)).getUTCDate();
}

/** PESEL writes the century into the month: 80 more for the 1800s, 20, 40 and 60 more after 1999. */
export function isPeselDate(digits: string): boolean {
  const month = Number(digits.slice(2, 4)) % 20;
  return isDateOf(digits.slice(0, 2), String(month), digits.slice(4, 6));
}
