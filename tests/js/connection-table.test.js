// The table of what is open, compared with a list that is looked through: whatever is added, linked, ended and removed in
// whatever order, the same is found, and it keeps no room for what has gone.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ConnectionTable, NONE } from '../../js_bindings/sessions/connection-table.js';
import { generator } from '../simulation/choices.js';

/** @typedef {{ place: number, isListed: boolean, key: string, owner: string, openedAt: number, endsAt: number }} Entry */

/** @param {number} number */
const keyOf = (number) => {
  const digits = (number % 50).toString(16).padStart(8, '0');
  return digits + (number % 3).toString(16).padStart(24, '0'); // some share their first digits
};

/** @param {Iterable<Entry>} entries */
const byTime = (entries) => [...entries].sort((one, other) => one.openedAt - other.openedAt);

describe('the table of what is open', () => {
  for (let seed = 1; seed <= 10; seed += 1) {
    test(`R29, R50: it finds what a list would, and gives its room back (seed ${seed})`, () => {
      const number = generator(seed);
      /** @type {ConnectionTable<Entry>} */
      const table = new ConnectionTable(seed % 2 === 0);
      /** @type {Set<Entry>} */
      const list = new Set();
      const check = () => {
        const key = keyOf(number());
        assert.deepEqual(
          byTime(table.find(key)),
          byTime(list).filter(
            (each) =>
              each.isListed &&
              [each.key, each.owner].some(
                (one) => +`0x${one.slice(0, 8)}` === +`0x${key.slice(0, 8)}`,
              ),
          ),
        );
        const owned = byTime(list).filter(({ isListed, owner }) => isListed && owner === key);
        assert.deepEqual(byTime(table.ownedBy(key)), owned);
        assert.deepEqual(byTime(table.all()), byTime(list));
        assert.equal(table.count, list.size);
        for (const each of list) {
          assert.equal(table.openedAt(each), each.openedAt);
          assert.equal(table.endsAt(each), each.endsAt);
          if (each.isListed) assert.equal(table.ownerOf(each), each.owner);
        }
      };
      let moment = 0;
      const add = () => {
        moment += 1;
        const key = keyOf(number());
        const owner = number() % 3 === 0 ? key : keyOf(number());
        const entry = { place: NONE, isListed: false, key, owner, openedAt: moment, endsAt: 0 };
        table.add(entry, moment);
        list.add(entry);
        if (number() % 4 === 0) return;
        table.link(entry, key, owner);
        entry.isListed = true;
        entry.endsAt = (number() % 1000) * 100;
        table.endAt(entry, entry.endsAt);
      };
      const remove = () => {
        const entry = [...list][number() % list.size];
        if (entry.isListed) table.unlink(entry);
        entry.isListed = false;
        table.remove(entry);
        list.delete(entry);
        assert.equal(entry.place, NONE);
      };
      for (const most of [300, 3, 80, 0]) {
        while (list.size !== most) {
          const isGrowing = list.size < most;
          if (number() % 5 === 0 && list.size > 0) remove();
          else if (isGrowing) add();
          else remove();
          if (number() % 8 === 0) check();
        }
        check();
        assert.ok(table.room <= Math.max(64, 4 * most), `${table.room} places`);
      }
    });
  }

  test('R29: an end is not forgotten a tenth of a second too soon, nor after a hundred years', () => {
    /** @type {ConnectionTable<any>} */
    const table = new ConnectionTable(false);
    const entry = { place: NONE, isListed: false };
    table.add(entry, 1);
    table.endAt(entry, 1001);
    assert.equal(table.endsAt(entry), 1100);
    table.endAt(entry, 1e13);
    assert.ok(table.endsAt(entry) > 13 * 365 * 86_400_000);
    table.clear();
    assert.deepEqual([table.endsAt(entry), table.openedAt(entry), table.count], [0, 0, 0]);
  });
});
