// What a device is called in a list of a user's sessions (rule R27): a browser and a system, and nothing that tells two
// devices of a kind apart. It must not know what the name is for.
// Invariant: of what a client sends nothing comes out but the words of these tables.

/** Later ones say that they are earlier ones too: the first that is found counts. @type {[RegExp, string][]} */
const BROWSERS = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\b(?:OPR|Opera|OPX|OPT)\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bVivaldi\//, 'Vivaldi'],
  [/\bYaBrowser\//, 'Yandex Browser'],
  [/\bDuckDuckGo\//, 'DuckDuckGo'],
  [/\bUCBrowser\//, 'UC Browser'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|Chromium|CriOS|HeadlessChrome)\//, 'Chrome'],
  [/\bVersion\/[\d.]+.* Safari\//, 'Safari'],
  [/\bcurl\//, 'curl'],
  [/\bokhttp\//, 'Android app'],
  [/\bDart\//, 'Flutter app'],
  [/\b(?:CFNetwork|Darwin)\//, 'Apple app'],
];

/** @type {[RegExp, string][]} */
const SYSTEMS = [
  [/\biPad\b/, 'iPadOS'],
  [/\b(?:iPhone|iPod)\b/, 'iOS'],
  [/\bAndroid\b/, 'Android'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bWindows\b/, 'Windows'],
  [/\b(?:Macintosh|Mac OS X)\b/, 'macOS'],
  [/\b(?:Linux|X11)\b/, 'Linux'],
];

/** More of a field is not looked at. */
const MAX_LENGTH = 512;

/**
 * @param {string | null | undefined} userAgent the field `User-Agent`
 * @returns {string | null} such as `Firefox on Linux`; null: it says nothing that is known
 */
export function agentOf(userAgent) {
  const text = (userAgent ?? '').slice(0, MAX_LENGTH);
  const [browser, system] = [BROWSERS, SYSTEMS].map(
    (table) => table.find(([pattern]) => pattern.test(text))?.[1],
  );
  if (browser && system) return `${browser} on ${system}`;
  return browser ?? system ?? null;
}
