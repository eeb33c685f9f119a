// The checker of histories finds what it is there to find, and accuses nobody of what cannot be known.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { check } from './checker.js';

/** @typedef {import('./checker.js').Entry} Entry */

const BOUND_MS = 2000;

/** @param {Partial<Entry>[]} entries @param {Partial<import('./checker.js').History>} [more] */
function findingsIn(entries, more = {}) {
  const whole = entries.map((entry) => {
    const { sent = 0 } = entry;
    const usual = { user: 'ann', session: 'ann-1', node: 'n1', status: 200, answered: sent + 10 };
    return /** @type {Entry} */ ({ ...usual, sent, ...entry });
  });
  const none = { redemptions: [], deaths: [], faults: [], boundMs: BOUND_MS, settleMs: 10_000 };
  return check({ entries: whole, ...none, ...more });
}

/** @param {Parameters<typeof findingsIn>} given */
const faultsIn = (...given) => findingsIn(...given).findings.map(({ fault }) => fault);

const login = /** @type {const} */ ({ what: 'login', sent: 0 });

describe('what is served after its end', () => {
  const after = BOUND_MS + 1020;

  for (const what of /** @type {const} */ (['logout', 'revoke'])) {
    test(`R31: a session served past the bound after a ${what} is found`, () => {
      const end = { what, sent: 1000 };
      assert.deepEqual(faultsIn([login, end, { what: 'read', sent: after }]), [
        'served after its end',
      ]);
      assert.deepEqual(faultsIn([login, end, { what: 'read', sent: after, status: 401 }]), []);
      assert.deepEqual(faultsIn([login, end, { what: 'read', sent: 1900 }]), []);
    });
  }

  test('R23, R31: a revocation of the user ends what had begun, and nothing that began after it', () => {
    const end = { what: /** @type {const} */ ('revokeUser'), session: '', sent: 1000 };
    const again = { what: /** @type {const} */ ('login'), session: 'ann-2', sent: 1500 };
    const read = (/** @type {string} */ session) => ({
      ...{ what: /** @type {const} */ ('read'), session, sent: after },
    });
    assert.deepEqual(faultsIn([login, end, again, read('ann-2')]), []);
    assert.deepEqual(faultsIn([login, end, again, read('ann-1')]), ['served after its end']);
  });

  test('R25: an end that is pending counts once the faults are over, and one without an answer never', () => {
    const read = { what: /** @type {const} */ ('read'), sent: 13_000 };
    const logout = { what: /** @type {const} */ ('logout'), sent: 1000 };
    const faults = [{ name: 'store killed', from: 500, to: 5000 }];
    assert.deepEqual(faultsIn([login, { ...logout, isPending: true }, read], { faults }), []);
    assert.deepEqual(faultsIn([login, { ...logout, status: 0 }, read], { faults }), []);
    const late = { ...read, sent: 15_100 };
    assert.deepEqual(faultsIn([login, { ...logout, isPending: true }, late], { faults }), [
      'served after its end',
    ]);
  });
});

describe('who is signed out', () => {
  const refused = { what: /** @type {const} */ ('read'), sent: 9000, status: 401 };
  const redemption = {
    user: 'ann',
    token: 'r1',
    node: 'n1',
    at: 5000,
    isFirst: true,
    isLost: false,
  };

  test('R33: a 401 for a session that has not ended is found, and one after its end is right', () => {
    assert.deepEqual(faultsIn([login, refused]), ['signed out']);
    assert.deepEqual(faultsIn([login, { what: 'logout', sent: 8000 }, refused]), []);
    assert.deepEqual(faultsIn([login, { ...refused, status: 503 }]), []);
  });

  test('R24: what nothing can save is excused, and counted', () => {
    const lost = findingsIn([login, refused], { redemptions: [{ ...redemption, isLost: true }] });
    assert.deepEqual(lost.findings, []);
    assert.deepEqual(Object.values(lost.excused), [1]);
    const died = { redemptions: [redemption], deaths: [{ node: 'n1', at: 6000 }] };
    assert.deepEqual(faultsIn([login, refused], died), []);
    const onItsWay = { redemptions: [redemption], deaths: [{ node: 'n1', at: 4990, until: 6000 }] };
    assert.deepEqual(faultsIn([login, refused], onItsWay), []);
    const isAnother = { ...onItsWay, deaths: [{ node: 'n1', at: 4000, until: 4990 }] };
    assert.deepEqual(faultsIn([login, refused], isAnother), ['signed out']);
    const diedLater = { redemptions: [redemption], deaths: [{ node: 'n1', at: 10_100 }] };
    assert.deepEqual(faultsIn([login, refused], diedLater), ['signed out']);
    // With something wrong all the time, or for all of it but a while in which it could have saved them.
    const wrong = (/** @type {number} */ from) => [{ name: 'writes refused', from, to: 59_000 }];
    const diedMuchLater = { ...died, deaths: [{ node: 'n1', at: 60_000 }] };
    assert.deepEqual(faultsIn([login, refused], { ...diedMuchLater, faults: wrong(5500) }), []);
    assert.deepEqual(faultsIn([login, refused], { ...diedMuchLater, faults: wrong(10_500) }), [
      'signed out',
    ]);
    const emptied = [{ name: 'store emptied', from: 57_000, to: 57_010 }];
    const forgotten = findingsIn([login, refused], { ...diedMuchLater, faults: emptied });
    assert.deepEqual(forgotten.findings, []);
    assert.match(Object.keys(forgotten.excused)[0], /the store forgot/);
    const other = { redemptions: [redemption], deaths: [{ node: 'n2', at: 6000 }] };
    assert.deepEqual(faultsIn([login, refused], other), ['signed out']);
  });

  test('R24: a refresh token that is redeemed twice is found, unless its first answer was lost or the session is being ended', () => {
    const twice = [redemption, { ...redemption, isFirst: false, at: 5500 }];
    assert.deepEqual(faultsIn([login], { redemptions: twice }), ['redeemed twice']);
    const signOut = { what: /** @type {const} */ ('logout'), sent: 5400 };
    assert.deepEqual(faultsIn([login, signOut], { redemptions: twice }), [], 'it ends anyway');
    const lost = [{ ...redemption, isLost: true }, twice[1]];
    assert.deepEqual(faultsIn([login], { redemptions: lost }), []);
  });
});

describe('what a user has written', () => {
  const write = { what: /** @type {const} */ ('write'), sent: 1000, version: 2 };
  const read = { what: /** @type {const} */ ('read'), sent: 1500, version: 1 };

  test('R22: an older document is found at once on the same node, and past the bound on another', () => {
    assert.deepEqual(faultsIn([login, write, read]), ['own write lost']);
    assert.deepEqual(faultsIn([login, write, { ...read, version: 2 }]), []);
    assert.deepEqual(faultsIn([login, write, { ...read, node: 'n2' }]), []);
    assert.deepEqual(faultsIn([login, write, { ...read, node: 'n2', sent: 3100 }]), [
      'own write lost',
    ]);
  });

  test('R22: a write that is pending counts on other nodes once the faults are over', () => {
    const faults = [{ name: 'link disturbed', from: 500, to: 5000 }];
    const pending = { ...write, isPending: true };
    const elsewhere = (/** @type {number} */ sent) => ({ ...read, node: 'n2', sent });
    assert.deepEqual(faultsIn([login, pending, elsewhere(9000)], { faults }), []);
    assert.deepEqual(faultsIn([login, pending, elsewhere(15_100)], { faults }), ['own write lost']);
    assert.deepEqual(faultsIn([login, pending, read], { faults }), ['own write lost']);
  });

  test('R22: a write without an answer may have been carried out or not', () => {
    assert.deepEqual(faultsIn([login, { ...write, status: 0 }, read]), []);
    assert.deepEqual(faultsIn([login, { ...write, status: 0 }, { ...read, version: 2 }]), []);
  });
});
