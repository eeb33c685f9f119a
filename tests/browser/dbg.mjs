import { launchChromium } from './support/chromium.js';
import { go, logIn, openTab, serveSpa, requestsOf } from './support/spa.js';
const spa = await serveSpa(new URL('../../build/examples/spa/dist', import.meta.url).pathname, 'sesame');
const browser = await launchChromium();
const mk = async (o={}) => { const c = await browser.newContext({locale:'en',...o}); const p = await openTab(c, spa.url); await logIn(p,'layla@example.com'); return p; };
const a = await mk(); const b = await mk({userAgent:'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0'});
await go(b,'Account'); await go(a,'Devices');
await a.getByRole('main').getByRole('listitem').nth(1).waitFor();
for (const [n,p] of [['a',a],['b',b]]) { p.context().on('request', r=>console.log(Math.round(performance.now()), n, r.method(), new URL(r.url()).pathname, r.serviceWorker()? 'SW':'')); p.context().on('response', r=>console.log(Math.round(performance.now()), n, '  ->', r.status(), new URL(r.url()).pathname)); }
await a.screenshot({path:'/tmp/w/ex4-a.png'});
console.log(spa.asked(), Object.fromEntries(spa.origin.calls), performance.now());
await a.getByRole('button',{name:/^Sign out .*Firefox/}).click();
await b.getByText('You have been signed out.').waitFor();
console.log('shown', performance.now());
await new Promise(r=>setTimeout(r,1500));
console.log(spa.asked(), Object.fromEntries(spa.origin.calls));
await b.screenshot({path:'/tmp/w/ex4-b.png'});
await a.screenshot({path:'/tmp/w/ex4-a2.png'});
await browser.close(); await spa.close();
