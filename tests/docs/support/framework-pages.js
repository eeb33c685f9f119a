// The pages that the part `frameworks` follows: what they install is in tests/frameworks/npm, and needs a newer Node than
// the rest of the project.

export const FRAMEWORK_PAGES = ['docs/react-router.md', 'docs/sveltekit.md', 'docs/tanstack-start.md'];
