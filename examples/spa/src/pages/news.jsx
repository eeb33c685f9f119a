import { useQuery } from '@tanstack/react-query';
import { useLanguage } from '../language.jsx';
import { Page } from '../page.jsx';

export function News() {
  const { text } = useLanguage();
  return (
    <Page title={text.news} lead={text.newsLead}>
      <div className="card">
        <Posts most={10} />
      </div>
    </Page>
  );
}

/** @typedef {{ id: number, title: string, published_at: string }} Post */

/** @returns {Promise<Post[]>} */
async function fetchPosts() {
  const response = await fetch('/api/v1/posts');
  if (!response.ok) throw new Error(`The posts were answered with ${response.status}`);
  return response.json();
}

/** @param {{ most: number }} props */
export function Posts({ most }) {
  const { text, date } = useLanguage();
  const { data, isError } = useQuery({
    queryKey: ['posts'],
    queryFn: fetchPosts,
    staleTime: 60_000,
  });
  if (isError && !data) return <p role="alert">{text.unreachable}</p>;
  if (!data) return <p role="status">{text.loading}</p>;
  return (
    <ul className="posts">
      {data.slice(0, most).map(({ id, title, published_at }) => (
        <li key={id}>
          <bdi>{title}</bdi>
          <time dateTime={published_at}>{date(published_at)}</time>
        </li>
      ))}
    </ul>
  );
}
