// What `sesame-edge estimate` makes of each format's own sample lines, as vendors publish them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FORMATS, formatOf } from '../../bin/estimate/formats.js';
import { parseOptions } from '../../js_bindings/options/options.js';

const OPTIONS = parseOptions({ origin: 'http://origin.invalid', sessionPath: null });

/**
 * What a sample comes to: when, what, how it was answered, how long it took in milliseconds, and whose it was.
 * @typedef {[time: string, request: string, status: number, tookMs: number | null, session: string]} Expected
 * @typedef {{ format: import('../../bin/estimate/formats.js').Format, lines: string[], entries: Expected[] }} Sample
 */

/** @type {Record<string, Sample>} */
const SAMPLES = {
  // https://httpd.apache.org/docs/2.4/logs.html
  "Apache's common and combined log format": {
    format: 'combined',
    lines: [
      '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326',
      '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326 "http://www.example.com/start.html" "Mozilla/4.08 [en] (Win98; I ;Nav)"',
    ],
    entries: [
      ['2000-10-10T20:55:36.000Z', 'GET /apache_pb.gif', 200, null, 'frank'],
      ['2000-10-10T20:55:36.000Z', 'GET /apache_pb.gif', 200, null, 'frank'],
    ],
  },
  // https://github.com/elastic/beats/blob/main/filebeat/module/traefik/access/test/test.log, in the format of
  // https://doc.traefik.io/traefik/observability/access-logs/
  "Traefik's common log format": {
    format: 'combined',
    lines: [
      '192.168.33.1 - - [02/Oct/2017:20:22:07 +0000] "GET /ui/favicons/favicon-16x16.png HTTP/1.1" 304 0 "http://example.com/login" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/61.0.3163.100 Safari/537.36" 262 "Host-host-1" "http://172.19.0.3:5601" 2ms',
    ],
    entries: [
      [
        '2017-10-02T20:22:07.000Z',
        'GET /ui/favicons/favicon-16x16.png',
        304,
        2,
        '192.168.33.1|Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/61.0.3163.100 Safari/537.36',
      ],
    ],
  },
  // https://github.com/elastic/integrations/tree/main/packages/traefik/data_stream/access/_dev/test/pipeline
  "Traefik's JSON, with ClientHost and without": {
    format: 'json',
    lines: [
      '{"ClientAddr": "10.10.8.105:48376","ClientHost": "175.16.199.10","ClientPort": "48376","ClientUsername": "-","DownstreamContentSize": 88,"DownstreamStatus": 200,"Duration": 59518533,"OriginContentSize": 88,"OriginDuration": 59428568,"OriginStatus": 200,"Overhead": 89965,"RequestAddr": "api-students.unpad.ac.id","RequestContentSize": 0,"RequestCount": 75,"RequestHost": "api-students.unpad.ac.id","RequestMethod": "GET","RequestPath": "/api/v1/study/140410210038/card/comment","RequestPort": "-","RequestProtocol": "HTTP/1.0","RequestScheme": "http","RetryAttempts": 0,"ServiceAddr": "10.1.25.243:80","StartLocal": "2024-02-09T11:53:32.609696286Z","StartUTC": "2024-02-09T11:53:32.609696286Z","entryPointName": "web","level": "info","msg": "","time": "2024-02-09T11:53:32Z"}',
      '{"ClientAddr":"10.10.10.21:34567","DownstreamContentSize":0,"DownstreamStatus":304,"Duration":46382173,"OriginContentSize":0,"OriginDuration":46361120,"OriginStatus":304,"Overhead":21053,"RequestAddr":"foo.acme.com","RequestContentSize":0,"RequestCount":583779,"RequestHost":"foo.acme.com","RequestMethod":"GET","RequestPath":"/1.0.0/acme/current/foo.png","RequestPort":"-","RequestProtocol":"HTTP/1.1","RetryAttempts":0,"ServiceAddr":"10.10.10.60:5678","StartLocal":"2024-02-02T16:18:24.844946659Z","entryPointName":"web","level":"info","msg":"","request_User-Agent":"MapFishPrint/UNAVAILABLE Apache-HttpClient/4.5.14 (Java/11.0.21)","time":"2024-02-02T16:18:24Z"}',
      '{"ClientAddr":"[::1]:56348","ClientHost":"::1","ClientPort":"56348","ClientUsername":"-","DownstreamContentSize":19,"DownstreamStatus":404,"Duration":32673,"Overhead":32673,"RequestMethod":"GET","RequestPath":"/","RequestProtocol":"HTTP/1.1","StartUTC":"2024-04-15T13:26:33.80902715Z","level":"info","msg":"","time":"2024-04-15T13:26:33Z"}',
    ],
    entries: [
      [
        '2024-02-09T11:53:32.609Z',
        'GET /api/v1/study/140410210038/card/comment',
        200,
        59.519,
        '175.16.199.10|',
      ],
      [
        '2024-02-02T16:18:24.844Z',
        'GET /1.0.0/acme/current/foo.png',
        304,
        46.382,
        '10.10.10.21|MapFishPrint/UNAVAILABLE Apache-HttpClient/4.5.14 (Java/11.0.21)',
      ],
      ['2024-04-15T13:26:33.809Z', 'GET /', 404, 0.033, '::1|'],
    ],
  },
  // https://caddyserver.com/docs/logging
  "Caddy's JSON": {
    format: 'json',
    lines: [
      '{"level":"info","ts":1646861401.5241024,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"127.0.0.1","remote_port":"41342","client_ip":"127.0.0.1","proto":"HTTP/2.0","method":"GET","host":"localhost","uri":"/","headers":{"User-Agent":["curl/7.82.0"],"Accept":["*/*"],"Accept-Encoding":["gzip, deflate, br"]},"tls":{"resumed":false,"version":772,"cipher_suite":4865,"proto":"h2","server_name":"example.com"}},"bytes_read":0,"user_id":"","duration":0.000929675,"size":10900,"status":200,"resp_headers":{"Server":["Caddy"],"Content-Encoding":["gzip"],"Content-Type":["text/html; charset=utf-8"],"Vary":["Accept-Encoding"]}}',
    ],
    entries: [['2022-03-09T21:30:01.524Z', 'GET /', 200, 0.93, '127.0.0.1|curl/7.82.0']],
  },
  // https://github.com/elastic/integrations/tree/main/packages/istio/data_stream/access_logs/_dev/test/pipeline, with the
  // names of https://istio.io/latest/docs/tasks/observability/logs/access-log/
  "Istio's JSON, in milliseconds": {
    format: 'json',
    lines: [
      '{"authority":"reviews:9080","bytes_received":0,"bytes_sent":358,"connection_termination_details":null,"downstream_local_address":"10.124.1.5:9080","downstream_remote_address":"10.124.0.13:43612","duration":15,"method":"GET","path":"/reviews/0","protocol":"HTTP/1.1","request_id":"9fcc7101-13bd-9753-98d6-820806088d9d","requested_server_name":"outbound_.9080_._.reviews.default.svc.cluster.local","response_code":200,"response_code_details":"via_upstream","response_flags":"-","route_name":"default","start_time":"2022-09-08T12:51:05.656Z","upstream_cluster":"inbound|9080||","upstream_host":"10.124.1.5:9080","upstream_local_address":"127.0.0.6:37685","upstream_service_time":"14","upstream_transport_failure_reason":null,"user_agent":"curl/7.79.1","x_forwarded_for":null}',
      '{"authority":"-","bytes_received":0,"bytes_sent":11,"connection_termination_details":null,"downstream_local_address":"10.124.2.10:8080","downstream_remote_address":"10.128.0.60:51643","duration":46,"method":"-","path":"-","protocol":"HTTP/1.1","request_id":"-","requested_server_name":"-","response_code":400,"response_code_details":"http1.codec_error","response_flags":"DPE","route_name":"-","start_time":"2022-09-01T09:36:33.553Z","upstream_cluster":null,"upstream_host":"-","upstream_local_address":null,"upstream_service_time":null,"upstream_transport_failure_reason":"-","user_agent":"-","x_forwarded_for":null}',
    ],
    entries: [['2022-09-08T12:51:05.656Z', 'GET /reviews/0', 200, 15, '10.124.0.13|curl/7.79.1']],
  },
  // https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage#default-format-string
  "Envoy's default format": {
    format: 'envoy',
    lines: [
      '[2016-04-15T20:17:00.310Z] "POST /api/v1/locations HTTP/2" 204 - 154 0 226 100 "10.0.35.28" "nsq2http" "cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2" "locations" "tcp://10.0.2.1:80"',
    ],
    entries: [
      ['2016-04-15T20:17:00.310Z', 'POST /api/v1/locations', 204, 226, '10.0.35.28|nsq2http'],
    ],
  },
  // https://istio.io/latest/docs/tasks/observability/logs/access-log/
  "Istio's default format": {
    format: 'envoy',
    lines: [
      '[2020-11-25T21:26:18.409Z] "GET /status/418 HTTP/1.1" 418 - via_upstream - "-" 0 135 4 4 "-" "curl/7.73.0-DEV" "84961386-6d84-929d-98bd-c5aee93b5c88" "httpbin:8000" "10.44.1.27:80" outbound|8000||httpbin.foo.svc.cluster.local 10.44.1.23:37652 10.0.45.184:8000 10.44.1.23:46520 - default',
    ],
    entries: [
      ['2020-11-25T21:26:18.409Z', 'GET /status/418', 418, 4, '10.44.1.23|curl/7.73.0-DEV'],
    ],
  },
  // https://developers.cloudflare.com/logs/logpull/requesting-logs/ (nanoseconds), and RFC 3339 as in
  // https://www.ibm.com/docs/en/qsip/7.6.0?topic=logs-cloudflare-sample-event-messages
  "Cloudflare's Logpush": {
    format: 'json',
    lines: [
      '{"ClientIP":"89.163.242.206","ClientRequestHost":"www.theburritobot.com","ClientRequestMethod":"GET","ClientRequestURI":"/static/img/testimonial-hipster.png","EdgeEndTimestamp":1506702504461999900,"EdgeResponseBytes":69045,"EdgeResponseStatus":200,"EdgeStartTimestamp":1506702504433000200,"RayID":"3a6050bcbe121a87"}',
      '{"ClientIP":"10.0.0.1","ClientRequestHost":"host.domain.test","ClientRequestMethod":"GET","ClientRequestURI":"/cdn-cgi/images/cf-icon-cloud.png","EdgeEndTimestamp":"2020-10-13T19:49:36Z","EdgeResponseBytes":1895,"EdgeResponseStatus":200,"EdgeStartTimestamp":"2020-10-13T19:49:36Z","RayID":"5e1b95b9ea390cc5","ClientRequestUserAgent":"Mozilla/5.0"}',
    ],
    entries: [
      [
        '2017-09-29T16:28:24.433Z',
        'GET /static/img/testimonial-hipster.png',
        200,
        29,
        '89.163.242.206|',
      ],
      [
        '2020-10-13T19:49:36.000Z',
        'GET /cdn-cgi/images/cf-icon-cloud.png',
        200,
        null,
        '10.0.0.1|Mozilla/5.0',
      ],
    ],
  },
  // https://vercel.com/docs/drains/reference/logs; the second line once more, as a second message of its function
  "Vercel's drains, a request of several messages": {
    format: 'json',
    lines: [
      '{"id": "1573817187330377061717300000","deploymentId": "dpl_233NRGRjVZX1caZrXWtz5g1TAksD","source": "build","host": "my-app-abc123.vercel.app","timestamp": 1573817187330,"projectId": "gdufoJxB6b9b1fEqr1jUtFkyavUU","level": "info","message": "Build completed successfully","buildId": "bld_cotnkcr76","type": "stdout","projectName": "my-app"}',
      ...Array.from(
        { length: 2 },
        () =>
          '{"id": "1573817250283254651097202070","deploymentId": "dpl_233NRGRjVZX1caZrXWtz5g1TAksD","source": "lambda","host": "my-app-abc123.vercel.app","timestamp": 1573817250283,"projectId": "gdufoJxB6b9b1fEqr1jUtFkyavUU","level": "info","message": "API request processed","entrypoint": "api/index.js","requestId": "643af4e3-975a-4cc7-9e7a-1eda11539d90","statusCode": 200,"path": "/api/users","executionRegion": "sfo1","environment": "production","traceId": "1b02cd14bb8642fd092bc23f54c7ffcd","spanId": "f24e8631bd11faa7","trace.id": "1b02cd14bb8642fd092bc23f54c7ffcd","span.id": "f24e8631bd11faa7","proxy": {"timestamp": 1573817250172,"method": "GET","host": "my-app.vercel.app","path": "/api/users?page=1","userAgent": ["Mozilla/5.0..."],"referer": "https://my-app.vercel.app","region": "sfo1","statusCode": 200,"clientIp": "120.75.16.101","scheme": "https","vercelCache": "MISS"}}',
      ),
    ],
    entries: [
      ['2019-11-15T11:27:30.172Z', 'GET /api/users?', 200, null, '120.75.16.101|Mozilla/5.0...'],
    ],
  },
  // https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
  "AWS' Application Load Balancer": {
    format: 'alb',
    lines: [
      'http 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.000 0.001 0.000 200 200 34 366 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.46.0" - - arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067 "Root=1-58337262-36d228ad5d99923122bbe354" "-" "-" 0 2018-07-02T22:22:48.364000Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-"',
      'https 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 0 57 "GET https://www.example.com:443/ HTTP/1.1" "curl/7.46.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067 "Root=1-58337281-1d84f3d73c47ec4e58577259" "www.example.com" "arn:aws:acm:us-east-2:123456789012:certificate/12345678-1234-1234-1234-123456789012" 1 2018-07-02T22:22:48.364000Z "authenticate,forward" "-" "-" "10.0.0.1:80" "200" "-" "-" TID_123456',
      'https 2022-06-13T00:26:00.071316Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 - -1 -1 -1 400 - 235 772 "GET https://www.example.com:443/ HTTP/1.1" "Mozilla/5.0 (X11; Linux x86_64)" - - - "-" "-" "-" - 2022-06-13T00:25:59.856000Z "-" "-" "-" "-" "-" "-" "-"',
    ],
    entries: [
      ['2018-07-02T22:22:48.364Z', 'GET /', 200, 1, '192.168.131.39|curl/7.46.0'],
      ['2018-07-02T22:22:48.364Z', 'GET /', 200, 171, '192.168.131.39|curl/7.46.0'],
      [
        '2022-06-13T00:25:59.856Z',
        'GET /',
        400,
        null,
        '192.168.131.39|Mozilla/5.0 (X11; Linux x86_64)',
      ],
    ],
  },
  // https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/access-log-collection.html
  "AWS' Classic Load Balancer": {
    format: 'alb',
    lines: [
      '2015-05-13T23:39:43.945958Z my-loadbalancer 192.168.131.39:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.38.0" - -',
    ],
    entries: [['2015-05-13T23:39:43.945Z', 'GET /', 200, 1.178, '192.168.131.39|curl/7.38.0']],
  },
  // https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/AccessLogs.html
  "CloudFront's standard log": {
    format: 'w3c',
    lines: [
      '#Version: 1.0',
      '#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end',
      '2019-12-04\t21:02:31\tLAX1\t392\t192.0.2.100\tGET\td111111abcdef8.cloudfront.net\t/index.html\t200\t-\tMozilla/5.0%20(Windows%20NT%2010.0;%20Win64;%20x64)\t-\t-\tHit\tSOX4xwn4XV6Q4rgb7XiVGOHms_BGlTAC4KyHmureZmBNrjGdRLiNIQ==\td111111abcdef8.cloudfront.net\thttps\t23\t0.001\t-\tTLSv1.2\tECDHE-RSA-AES128-GCM-SHA256\tHit\tHTTP/2.0\t-\t-\t11040\t0.001\tHit\ttext/html\t78\t-\t-',
    ],
    entries: [
      [
        '2019-12-04T21:02:31.000Z',
        'GET /index.html',
        200,
        1,
        '192.0.2.100|Mozilla/5.0%20(Windows%20NT%2010.0;%20Win64;%20x64)',
      ],
    ],
  },
  // The same page, of before; without the lines that name the fields, as `zcat … | grep` leaves it.
  "CloudFront's standard log, lines of it": {
    format: 'w3c',
    lines: [
      '2014-05-23\t01:13:12\tLAX1\t2390282\t192.0.2.202\tGET\td111111abcdef8.cloudfront.net\t/soundtrack/happy.mp3\t304\twww.unknownsingers.com\tMozilla/4.0%20(compatible;%20MSIE%207.0;%20Windows%20NT%205.1)\ta=b&c=d\tzip=50158\tHit\txGN7KWpVEmB9Dp7ctcVFQC4E-nrcOcEKS3QyAez--06dV7TEXAMPLE==\td111111abcdef8.cloudfront.net\thttp\t-\t0.002\t-\t-\t-\tHit\tHTTP/1.1\t-\t-',
    ],
    entries: [
      [
        '2014-05-23T01:13:12.000Z',
        'GET /soundtrack/happy.mp3?',
        304,
        2,
        '192.0.2.202|Mozilla/4.0%20(compatible;%20MSIE%207.0;%20Windows%20NT%205.1)',
      ],
    ],
  },
  // https://learn.microsoft.com/previous-versions/windows/it-pro/windows-server-2003/cc738725(v=ws.10)
  "IIS' W3C log": {
    format: 'w3c',
    lines: [
      '#Software: Microsoft Internet Information Services 6.0',
      '#Version: 1.0',
      '#Date: 2002-05-24 20:18:01',
      '#Fields: date time c-ip cs-username s-ip s-port cs-method cs-uri-stem cs-uri-query sc-status sc-bytes cs-bytes time-taken cs(User-Agent) cs(Referrer) ',
      '2002-05-24 20:18:01 172.224.24.114 - 206.73.118.24 80 GET /Default.htm - 200 7930 248 31 Mozilla/4.0+(compatible;+MSIE+5.01;+Windows+2000+Server) http://64.224.24.114/',
      '#Fields: date time c-ip cs-username s-ip s-port cs-method cs-uri-stem cs-uri-query sc-status cs(User-Agent)',
      '2002-05-02 17:42:15 172.22.255.255 - 172.30.255.255 80 GET /images/picture.jpg - 200 Mozilla/4.0+(compatible;MSIE+5.5;+Windows+2000+Server)\r',
    ],
    entries: [
      [
        '2002-05-24T20:18:01.000Z',
        'GET /Default.htm',
        200,
        31,
        '172.224.24.114|Mozilla/4.0+(compatible;+MSIE+5.01;+Windows+2000+Server)',
      ],
      [
        '2002-05-02T17:42:15.000Z',
        'GET /images/picture.jpg',
        200,
        null,
        '172.22.255.255|Mozilla/4.0+(compatible;MSIE+5.5;+Windows+2000+Server)',
      ],
    ],
  },
  // https://learn.microsoft.com/previous-versions/iis/6.0-sdk/ms525807(v=vs.90): the day is in another line
  "IIS' W3C log without a date in its lines": {
    format: 'w3c',
    lines: [
      '#Software: Internet Information Services 6.0',
      '#Version: 1.0',
      '#Date: 2001-05-02 17:42:15',
      '#Fields: time c-ip cs-method cs-uri-stem sc-status cs-version',
      '17:42:15 172.16.255.255 GET /default.htm 200 HTTP/1.0',
    ],
    entries: [['2001-05-02T17:42:15.000Z', 'GET /default.htm', 200, null, '172.16.255.255|']],
  },
  // https://www.haproxy.org/download/1.7/doc/configuration.txt, 8.2.3
  "HAProxy's HTTP log": {
    format: 'haproxy',
    lines: [
      'Feb  6 12:14:14 localhost haproxy[14389]: 10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} "GET /index.html HTTP/1.1"',
      'haproxy[14389]: 10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 "GET /index.html HTTP/1.1"',
      'haproxy[18113]: 127.0.0.1:34549 [15/Oct/2003:15:19:06.103] px-http px-http/<NOSRV> -1/-1/-1/-1/+50001 408 +2750 - - cR-- 2/2/2/0/+2 0/0 "<BADREQ>"',
    ],
    entries: [
      ['2009-02-06T12:14:14.655Z', 'GET /index.html', 200, 109, '10.0.1.2|{1wt.eu} {}'],
      ['2009-02-06T12:14:14.655Z', 'GET /index.html', 200, 109, '10.0.1.2|'],
    ],
  },
};

/** @param {import('../../bin/estimate/log-entry.js').LogEntry} entry @returns {Expected} */
function summaryOf({ timeMs, method, path, hasQuery, status, durationMs, ...whose }) {
  const { session, user, address, agent } = whose;
  const name = session ?? user ?? `${address}|${agent ?? ''}`;
  const request = `${method} ${path}${hasQuery ? '?' : ''}`;
  return [new Date(Math.floor(timeMs)).toISOString(), request, status, durationMs, name];
}

/**
 * @param {string[]} lines
 * @param {Partial<import('../../bin/estimate/log-entry.js').ReaderOptions>} [how]
 */
function read(lines, { options = OPTIONS, ...how } = {}) {
  const format = formatOf(lines.join('\n'), { options, ...how });
  assert.ok(format !== null);
  const reader = FORMATS[format]({ options, ...how });
  const entries = lines.map((line) => reader(line));
  const good = entries.filter((entry) => entry !== null && entry !== 'other');
  return {
    format,
    bad: entries.filter((entry) => entry === null).length,
    entries: good.map(summaryOf),
  };
}

describe('published lines of logs', () => {
  for (const [name, { format, lines, entries }] of Object.entries(SAMPLES)) {
    test(`${name}: found out to be ${format}, and read`, () => {
      assert.deepEqual(read(lines), { format, bad: 0, entries });
    });
  }
});

const AGENT = 'Mozilla/5.0 (X11; Linux x86_64)';
const REST = `- - [05/Sep/2026:08:00:00 +0000] "GET /me HTTP/1.1" 200 312 "-" "${AGENT}"`;

describe('whose a request is', () => {
  for (const [name, line, address] of /** @type {[string, string, string][]} */ ([
    ['combined', `203.0.113.7 ${REST}`, '203.0.113.7'],
    ['a virtual host first', `www.example.com:443 203.0.113.7 ${REST}`, '203.0.113.7'],
    ['a virtual host first, without a port', `www.example.com 203.0.113.7 ${REST}`, '203.0.113.7'],
    ['an address as virtual host', `192.0.2.1:443 203.0.113.7 ${REST}`, '203.0.113.7'],
    ['X-Forwarded-For first', `203.0.113.7, 10.0.0.7 ${REST}`, '203.0.113.7'],
    ['X-Forwarded-For first, of three', `203.0.113.7, 10.0.0.9,10.0.0.7 ${REST}`, '203.0.113.7'],
    ['X-Forwarded-For, then the proxy', `203.0.113.7 10.0.0.7 ${REST}`, '203.0.113.7'],
    ['the proxy, then X-Forwarded-For', `10.0.0.7 203.0.113.7 ${REST}`, '203.0.113.7'],
    ['no X-Forwarded-For, then the client', `- 203.0.113.7 ${REST}`, '203.0.113.7'],
    [
      'the proxy, then X-Forwarded-For in brackets',
      `172.71.1.1 (203.0.113.7) ${REST}`,
      '203.0.113.7',
    ],
    ['X-Forwarded-For last', `10.0.0.7 ${REST} "203.0.113.7"`, '203.0.113.7'],
    [
      'X-Forwarded-For last, a list',
      `10.0.0.7 ${REST} "203.0.113.7, 10.0.0.9" 0.120`,
      '203.0.113.7',
    ],
    ['no X-Forwarded-For last', `203.0.113.7 ${REST} "-"`, '203.0.113.7'],
    ['X-Forwarded-For with a name', `10.0.0.7 ${REST} rt=0.12 xff="203.0.113.7"`, '203.0.113.7'],
    ['an upstream last', `203.0.113.7 ${REST} "10.0.0.3:8080" 0.120`, '203.0.113.7'],
    ['syslog in front', `Sep  5 08:00:00 web1 nginx: 203.0.113.7 ${REST}`, '203.0.113.7'],
    ['IPv6', `2001:db8::7 ${REST}`, '2001:db8::7'],
    ['an intranet behind a proxy', `10.0.0.7 ${REST} "10.1.2.3"`, '10.1.2.3'],
  ])) {
    test(`combined, ${name}: the client's address`, () => {
      const { entries, bad } = read([line]);
      assert.deepEqual([bad, entries[0]?.[4]], [0, `${address}|${AGENT}`]);
    });
  }

  test('a user with a blank in the name is the whole of it', () => {
    const { entries } = read([`203.0.113.7 ${REST.replace('- - ', '- Ada Lovelace ')}`]);
    assert.equal(entries[0][4], 'Ada Lovelace');
  });

  /** @param {object} more */
  const json = (more) =>
    JSON.stringify({
      time: '2026-09-05T08:00:00Z',
      method: 'GET',
      path: '/me',
      status: 200,
      ...more,
    });

  for (const [name, more, whose] of /** @type {[string, object, string][]} */ ([
    [
      'forwarded',
      { remote_addr: '10.0.0.7', http_x_forwarded_for: '203.0.113.7, 10.0.0.9' },
      '203.0.113.7|',
    ],
    ['not forwarded', { remote_addr: '203.0.113.7', http_x_forwarded_for: '-' }, '203.0.113.7|'],
    ['with a port', { remote_addr: '203.0.113.7:50000' }, '203.0.113.7|'],
    [
      'under another name',
      { server_ip: '192.0.2.1', sourceIPAddress: '203.0.113.7' },
      '203.0.113.7|',
    ],
    [
      'under another name, within',
      { net: { upstream_ip: '192.0.2.1', peer: '203.0.113.7:99' } },
      '203.0.113.7|',
    ],
    ['a user that was taken out', { remote_user: '[REDACTED]', ip: '203.0.113.7' }, '203.0.113.7|'],
    ['a user who is none', { remote_user: 'anonymous', ip: '203.0.113.7' }, '203.0.113.7|'],
    ['a cookie', { ip: '203.0.113.7', http_cookie: 'a=1; session=s3' }, 'session=s3'],
    ['a cookie by its name', { ip: '203.0.113.7', cookie_session: 's3' }, 'session=s3'],
    ['a cookie in an object', { ip: '203.0.113.7', Cookies: { session: 's3' } }, 'session=s3'],
    [
      'a cookie that was taken out',
      { ip: '203.0.113.7', http_cookie: 'session=REDACTED' },
      '203.0.113.7|',
    ],
  ])) {
    test(`JSON, ${name}`, () => assert.equal(read([json(more)]).entries[0][4], whose));
  }

  test('R84: cookies of the preset count, in each format that has cookies', () => {
    const options = parseOptions({
      origin: 'http://origin.invalid',
      sessionPath: null,
      backend: 'django',
    });
    const lines = {
      combined: `203.0.113.7 ${REST} "csrftoken=1; sessionid=s3"`,
      json: json({ cookie: 'sessionid=s3' }),
      haproxy:
        'haproxy[1]: 10.0.1.2:3 [06/Feb/2009:12:14:14.655] in static/srv1 1/0/3/6/10 200 27 sessionid=s3 - ---- 1/1/1/1/0 0/0 "GET / HTTP/1.1"',
    };
    for (const [format, line] of Object.entries(lines)) {
      const found = read([line], { options });
      assert.deepEqual([found.format, found.entries[0][4]], [format, 'sessionid=s3']);
    }
    const iis = ['#Fields: date time c-ip cs-method cs-uri-stem sc-status cs(Cookie)'];
    iis.push('2026-09-05 08:00:00 203.0.113.7 GET /me 200 csrftoken=1;+sessionid=s3');
    assert.equal(read(iis, { options }).entries[0][4], 'sessionid=s3');
  });
});

describe('times and lengths of time', () => {
  const start = Date.UTC(2026, 8, 5, 8);
  for (const [name, time] of /** @type {[string, unknown][]} */ ([
    ['seconds', start / 1000],
    ['seconds as a text', `${start / 1000}.000`],
    ['milliseconds', start],
    ['microseconds', start * 1e3],
    ['nanoseconds', start * 1e6],
    ['nanoseconds as a text', `${start}000000`],
    ['ISO 8601', '2026-09-05T10:00:00+02:00'],
    ['ISO 8601 without a zone', '2026-09-05 08:00:00,000'],
    ['the common log format', '05/Sep/2026:10:00:00 +0200'],
  ])) {
    test(`JSON, a time in ${name}`, () => {
      const line = JSON.stringify({ time_local: time, method: 'GET', uri: '/me', status: '200' });
      assert.equal(read([line]).entries[0][0], '2026-09-05T08:00:00.000Z');
    });
  }

  test('JSON, a time that is none of a date is a line that is not understood', () => {
    for (const time of [1e300, 'soon', null, {}, -1e18]) {
      const line = JSON.stringify({ time, method: 'GET', path: '/me', status: 200 });
      assert.deepEqual(read([line]), { format: 'json', bad: 1, entries: [] });
    }
  });

  for (const [name, more, tookMs] of /** @type {[string, object, number | null][]} */ ([
    ["nginx' seconds", { request_time: '0.180' }, 180],
    ["Envoy's milliseconds", { duration: 180, response_flags: '-' }, 180],
    ["Rails' milliseconds", { duration: 58.33 }, 58.33],
    ['a unit of its own', { duration: '180ms' }, 180],
    ['microseconds of its own', { duration: '929.5µs' }, 0.93],
    ["Google's seconds", { httpRequest: { latency: '0.180s' } }, 180],
    ['a value that was taken out', { duration: null, request_time: '-' }, null],
  ])) {
    test(`JSON, a duration in ${name}`, () => {
      const fields = { time: start, method: 'GET', path: '/me', status: 200, ...more };
      assert.equal(read([JSON.stringify(fields)]).entries[0][3], tookMs);
    });
  }
});
