import type { Role } from '../base/role.ts';

/** What a frame asks for: to offer functions, to call them, to look, or to change queues. */
export type Access = 'any' | 'register' | 'trigger' | 'read' | 'operate';

const ALLOWED: Readonly<Record<Role, readonly Access[]>> = {
  worker: ['any', 'register', 'trigger'],
  read: ['any', 'read'],
  operate: ['any', 'read', 'operate', 'trigger'],
  admin: ['any', 'register', 'trigger', 'read', 'operate'],
};

/** Whether a role allows something. `null` means that no tokens are configured: everything is allowed. */
export function isAllowed(role: Role | null, access: Access): boolean {
  return role === null || ALLOWED[role].includes(access);
}
