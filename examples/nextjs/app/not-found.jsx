import { getTexts } from '../lib/locale.js';

export default async function NotFound() {
  const text = await getTexts();
  return (
    <>
      <title>{text.notFound}</title>
      <h1>{text.notFound}</h1>
    </>
  );
}
