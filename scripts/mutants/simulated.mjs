// Which guards that keep strangers and users with an account from hurting others the simulation itself notices, in which
// of its worlds, and which it cannot see, and why. `npm run mutants -- --simulation` takes each of the first out.
// Invariant: each guard whose name begins with one of RULES stands here once.

/** What a world of honest users, a stranger and a user with an account is about. */
export const RULES = /^(R\d+, )*R(8|10|12|22|31|53|54|82|83)\b[^:]*:/;

/** Of one node alone. */
export const alone = [
  'R53: that strangers take half of the leases',
  'R53: that answers to strangers leave room for the others',
  'R53: that a failure leaves nothing of a stranger',
  'R53: that whose document is held is no stranger',
  'R53: that of a credential which is not accepted no end is remembered',
  'R53: that who has a managed session is accepted',
  'R4, R53: that who is accepted for one tenant is for all',
  'R54: that one user has some writes under way',
  'R53: that writes of unknown users leave room for the others',
  "R53: that a write of an unknown user overlaps nobody else's",
  'R54: that of whom an answer names the origin is asked',
  'R54: that one user has some of the tombstones',
  'R54: that a full table of tombstones forgets none',
  'R54: that the oldest session of a user ends',
  'R54: that a session which left no tombstone is noted with its user',
  'R10: that a write from below the floor replaces nothing',
  'R10: that an answer which exchanges the credential is not kept for it',
  'R10: that nothing is answered of a session while it is found out what there is to end',
  'R54: that a logout which there is no room to remember says so',
  'R10: that a write is applied even if its client goes away',
  'R12: that an answer which ends the cookie changes the session',
  'R82: that a sign-in drops what is held',
  'R82: that a sign-out which is answered 401, 404 or 410 drops',
  'R82: that a sign-out which is answered with a redirect drops',
  'R82: that a redirect to a sign-in page changes nobody',
  'R53: that a redirect changes nobody else',
  'R82: that only an accepted bearer’s sign-out ends for good',
  'R82: that only a sign-out word ends for good',
  'R83: that a visit drops nothing without proof',
  'R8: that an ended credential does not go on to the origin',
  'R8: that a bearer which has ended does not go on where sessions are managed',
  'R8: that a remembered refusal is no ended session',
  'R22: that a write which leads to a sign-in page is no success',
  'R53: that a remembered no says nothing of what there is to end',
  'R22: that an answer names whose document a write has changed',
  'R22, R53: that the origin is asked whose document it was where there is no room to hold it',
  'R53: that it names nobody where the origin refuses the writer',
];

/** Of several nodes that share a store. */
export const shared = [
  'R31: that an answer does not count which was asked for before the log was lost',
  'R22: that a write is published to the other nodes',
  'R10, R31: that an answer which is older than the bound waits for the log',
  'R31: that a session which another node has ended is ended here',
  'R31: that what another node has dropped is dropped here',
  'R31: that the outbox is empty before the log is read',
  'R31: that what comes from a snapshot is confirmed',
  'R31: that a lost log overtakes what is under way',
  'R31: that the log is read before an answer which is older than the bound counts',
  'R31: that such an answer is not given while the store is silent',
  'R31: that an answer of the origin is as old as its question',
  'R31: that what waits in the outbox is not undone by a record',
  'R31: that what may concern nobody is not undone by a record either',
  'R31, R34: that an empty store is told again what has ended',
  'R31: that the newer of two events is kept',
  'R31: that what could not be published waits',
  'R22: that two writes at once leave no document',
  'R22: that a write which is not shared yet says so',
  'R31: that it waits for the store',
  'R31: that what nobody knows is dropped on the other nodes',
  'R82: that a change of another user which waits says so',
  'R31: that what another node has left is ended whatever the origin says',
  'R54: that a login ends the oldest session elsewhere',
  'R54: that a session that is found ends the oldest elsewhere',
  'R54: that the end of a session is found by its key',
  'R8, R54: that what has ended is refused where there is no room to remember it',
  'R31: that the store is asked later for what it did not answer for',
];

/**
 * Why no simulated world shows one, and what notices instead stands with the guard.
 * @type {[string, string[]][]}
 */
export const elsewhere = [
  [
    'no simulated cache has a `schema`',
    ['R22: that an answer to an update is held against the schema'],
  ],
  [
    'the simulated store tells its edge isolates nothing: they read the log',
    [
      'R31: that a push which comes after a lost one is not taken for all',
      'R31: that what is pushed late or twice is not applied again',
      'R31: that what has been read counts although something was pushed meanwhile',
      'R31: that another request listens where the host has ended the one that did',
      'R31: that a late push does not lead back to what has been read',
      'R31: that what is pushed makes nothing count longer that the log has not confirmed',
      'R31: that a node whose connection has died listens again',
      'R31: that a node hears first what it has missed',
      'R53: that a Durable Object holds no more than so many who listen',
    ],
  ],
  [
    'no simulated session is asked for in the moment in which a node that has no room to remember its end tells the others',
    [
      'R31, R54: that what is being ended is not taken from the store',
      'R31, R54: that an end which is not kept is known to be on its way',
    ],
  ],
  [
    'a thousand sign-outs of strangers wait before one is refused, a thousand sessions wait for the store, and the outbox has room for ten thousand changes: no run has so many',
    [
      'R53: the bound of what may concern nobody',
      'R31, R54: that what finds no room among that is confirmed',
      'R31: that its bound is for what is not kept',
      'R53: that it takes no room of what is known',
      'R53: that a drop of what nobody knows is told from others',
    ],
  ],
  [
    'without it no simulated run ends: what a node sends calls it to read the log, and it sends that again',
    ['R31: that it is sent once'],
  ],
  [
    'what is left meanwhile was asked for after the change, and is older than its event once that is told: it saves a call',
    ['R31: that nothing is left in the store of which an event waits'],
  ],
  [
    'of each session that the simulated origin ends some node is told, and publishes it',
    ['R12: that the other nodes drop what the origin has just refused'],
  ],
  [
    'which fields of HTTP a page of another site may read is nothing that the simulated world has',
    ['R53: that made-up sites do not make memory grow'],
  ],
  [
    'no simulated token has two spellings',
    ['R8, R31: that an end which is told again counts for every spelling of a token'],
  ],
  [
    'a cookie past its life has no record any more: that it is not looked for saves a question',
    ['R8: that a cookie past its life is none'],
  ],
  [
    'the simulated origin exchanges cookies with its documents alone and renews no bearers, and with a store it has none',
    [
      'R53, R85: that only what was accepted is succeeded',
      'R8, R85: that a rotation is of a session that has not ended meanwhile',
      'R31, R85: that a record whose session ended under another credential is none',
    ],
  ],
  [
    'no simulated request has a cookie and a bearer that both count, nor an answer that is encoded',
    [
      'R82: that a sign-out with a bearer and a cookie ends the bearer alone',
      'R82: that no bearer which does not count is ended',
      'R22, R41: that an answer which is read here is decoded',
    ],
  ],
  [
    'no simulated operator has rows of his own, and a visit with a bearer has no other proof than a redirect',
    ['R82: that only an unsafe sign-out ends for good'],
  ],
  [
    'a refusal there sets no cookies, and no path of it ends the sessions of its own user',
    [
      'R12: that a "no" stands whatever cookies come with it',
      'R82: that it is asked before whose sessions a request ends',
    ],
  ],
  [
    'pages that listen are runs of their own (`--opens`), by which mutants are not judged',
    [
      'R53: that what the origin has never accepted takes no room among connections',
      'R29, R31: that a connection that looks for itself reads the log',
      'R29, R54: that a connection which its host has ended is forgotten',
    ],
  ],
  [
    'no simulated origin has a `sid`, nor tokens that are verified',
    [
      'R31: that the store is asked later whether a sid has ended',
      'R31: that the store is asked later whether a user was signed out everywhere',
      'R16, R12: that what is dropped is dropped for the other tokens of its session',
      'R16, R31: that what is left of before a sign-out from everywhere ends no sign-in since',
    ],
  ],
];
