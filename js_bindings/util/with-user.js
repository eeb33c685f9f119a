// An object whose `user` is somebody else's: read there when it is first asked for. It must not know what a user is.

/**
 * @template {{ user: unknown }} T
 * @template {object} R
 * @param {T} source whose `user` it is
 * @param {R} rest what stands beside it
 * @returns {{ user: T['user'] } & R}
 */
export function withUser(source, rest) {
  return {
    get user() {
      return source.user;
    },
    set user(value) {
      source.user = value;
    },
    ...rest,
  };
}
