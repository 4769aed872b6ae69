const { spawn } = require('node:child_process');
const { createInterface } = require('node:readline');

let mock, url;

beforeAll(async () => {
  mock = spawn('okta-conformance', ['mock', '--port', '0', '--token', 's3cret-token'], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: mock.stdout })) {
    url = line.replace('mock org at ', '');
    break;
  }
});

afterAll(() => mock.kill());

test('the default server is there', async () => {
  const answer = await fetch(`${url}/api/v1/authorizationServers`, { headers: { Authorization: 'SSWS s3cret-token' } });
  expect((await answer.json()).map((server) => server.name)).toEqual(['default']);
});
