// All tests, in one process and one after the other, since some of them move the clock or rotate the keys of the one mock.

import './openid-client.mjs';
import './oauth4webapi.mjs';
import './jwt-verifier.mjs';
import './auth-js.mjs';
import './browser.mjs';
