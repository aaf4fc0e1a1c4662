/** The user that every broker begins with; it may log in from the broker's own machine only. */
const FIRST_USER = 'guest';

/** An address with the user it stands for: without one that of every new broker, as for other clients. */
export function withLogin(address: string): string {
  const url = new URL(address);
  if (url.username !== '' || url.password !== '') return address;
  url.username = FIRST_USER;
  url.password = FIRST_USER;
  return url.href;
}
