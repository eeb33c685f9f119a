// Loaded before a program: at its end it says how much memory it has had at most.
process.on('exit', () => {
  process.stderr.write(`max rss ${process.resourceUsage().maxRSS} kB\n`);
});
