/** What a caller with a token may do. `operate` includes `read`, `admin` includes all; `worker` stands apart. */
export type Role = 'worker' | 'read' | 'operate' | 'admin';
