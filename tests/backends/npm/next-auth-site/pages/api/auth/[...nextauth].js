// next-auth 4 as its documentation starts it. It knows nothing of Sesame.
import NextAuth from 'next-auth';
import Credentials from 'next-auth/providers/credentials';

export default NextAuth({
  secret: 'a secret that is long enough for a test',
  providers: [
    Credentials({
      credentials: { name: {} },
      authorize: (/** @type {{ name: string }} */ { name }) => ({
        id: name,
        name,
        email: `${name}@example.com`,
      }),
    }),
  ],
});
