'use client';

// Where the user is signed in, and what signs him out there. Times are the browser's: the list is asked for by the page.
import { useDevices } from 'sesame-edge/react';

/** @typedef {import('../lib/texts.js').Texts} Texts */

/** @param {{ text: Texts }} props */
export function DeviceList({ text }) {
  const { devices, end, endOthers, isPending, error } = useDevices();
  /** What went wrong is in `error`. @param {Promise<void>} work */
  const run = (work) => void work.catch(() => {});
  return (
    <>
      <p>{text.devicesLead}</p>
      {devices && (
        <ul className="card devices">
          {devices.map((device) => (
            <Device
              key={device.handle}
              device={device}
              text={text}
              isPending={isPending}
              onEnd={() => run(end(device.handle))}
            />
          ))}
        </ul>
      )}
      {devices?.some(({ current }) => !current) && (
        <button type="button" disabled={isPending} onClick={() => run(endOthers())}>
          {text.signOutOthers}
        </button>
      )}
      <p role="status">{devices === null && !error ? text.wait : ''}</p>
      <p role="alert">{error && !isPending ? text.later : ''}</p>
    </>
  );
}

/**
 * @param {{ device: import('sesame-edge/client').Device, text: Texts, isPending: boolean, onEnd: () => void }} props
 */
function Device({ device, text, isPending, onEnd }) {
  const format = new Intl.DateTimeFormat(text.lang, { dateStyle: 'medium', timeStyle: 'short' });
  const agent = device.agent ?? text.someDevice;
  return (
    <li>
      <div>
        <strong>
          <bdi>{agent}</bdi>
        </strong>
        {device.current && <span className="badge">{text.thisDevice}</span>}
        <dl>
          {[
            [text.firstSeen, device.firstSeen],
            [text.lastSeen, device.lastSeen],
          ].map(([term, time]) => (
            <div key={term}>
              <dt>{term}</dt>
              <dd>
                <time dateTime={time}>{format.format(new Date(time))}</time>
              </dd>
            </div>
          ))}
        </dl>
      </div>
      {!device.current && (
        <button
          type="button"
          disabled={isPending}
          aria-label={`${text.signOutDevice}: \u2068${agent}\u2069`}
          onClick={onEnd}
        >
          {text.signOutDevice}
        </button>
      )}
    </li>
  );
}
