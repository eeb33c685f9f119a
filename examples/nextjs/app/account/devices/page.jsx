import { AccountPage } from '../../../components/account.jsx';
import { DeviceList } from '../../../components/device-list.jsx';
import { getTexts } from '../../../lib/locale.js';

export default async function Devices() {
  const text = await getTexts();
  return (
    <AccountPage title={text.pages.devices}>
      <DeviceList text={text} />
    </AccountPage>
  );
}
