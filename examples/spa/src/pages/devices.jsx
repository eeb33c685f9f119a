// Where the user is signed in, and what signs him out there. The page of a device that is signed out here shows it by itself.

import { useDevices } from 'sesame-edge/react';
import { useLanguage } from '../language.jsx';
import { Page } from '../page.jsx';

export function Devices() {
  const { text } = useLanguage();
  const { devices, end, endOthers, isPending, error } = useDevices();
  const hasOthers = devices?.some(({ current }) => !current);
  /** What went wrong is in `error`. @param {Promise<void>} work */
  const run = (work) => void work.catch(() => {});
  return (
    <Page title={text.devices} lead={text.devicesLead}>
      <div className="card">
        {devices && (
          <ul className="devices">
            {devices.map((device) => (
              <Device
                key={device.handle}
                device={device}
                isPending={isPending}
                onEnd={() => run(end(device.handle))}
              />
            ))}
          </ul>
        )}
        <div className="actions">
          {hasOthers && (
            <button type="button" disabled={isPending} onClick={() => run(endOthers())}>
              {text.signOutOthers}
            </button>
          )}
          <span role="status">{devices === null && !error ? text.loading : ''}</span>
          <span role="alert" className="error">
            {error && !isPending ? text.devicesUnknown : ''}
          </span>
        </div>
      </div>
    </Page>
  );
}

/**
 * @param {{ device: import('sesame-edge/client').Device, isPending: boolean, onEnd: () => void }} props
 */
function Device({ device, isPending, onEnd }) {
  const { text, moment } = useLanguage();
  const agent = device.agent ?? text.someDevice;
  return (
    <li>
      <div>
        <bdi className="agent">{agent}</bdi>
        {device.current && <span className="badge">{text.thisDevice}</span>}
        <dl>
          <div>
            <dt>{text.firstSeen}</dt>
            <dd>
              <time dateTime={device.firstSeen}>{moment(device.firstSeen)}</time>
            </dd>
          </div>
          <div>
            <dt>{text.lastSeen}</dt>
            <dd>
              <time dateTime={device.lastSeen}>{moment(device.lastSeen)}</time>
            </dd>
          </div>
        </dl>
      </div>
      {!device.current && (
        <button
          type="button"
          disabled={isPending}
          aria-label={text.signOutDevice(`\u2068${agent}\u2069`)}
          onClick={onEnd}
        >
          {text.signOut}
        </button>
      )}
    </li>
  );
}
