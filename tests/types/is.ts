// What the samples beside this file say of types. They are compiled (`npm run types`), never run.

/** Whether a type is `any`, which would let everything pass. */
export type IsAny<Type> = 0 extends 1 & Type ? true : false;

/** Whether two types are the same; `any` is the same as nothing else. */
export type Same<One, Other> =
  (<Type>() => Type extends One ? 1 : 2) extends <Type>() => Type extends Other ? 1 : 2
    ? true
    : false;

/** Does not compile unless its type is `true`. */
export function holds<Claim extends true>(claim?: Claim): void {
  void claim;
}

/** A user as an application writes it down: an interface, which has no index signature. */
export interface User {
  id: string;
  name: string;
  roles: string[];
}
