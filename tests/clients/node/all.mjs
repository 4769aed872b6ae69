// All tests, in one process, so that the last of them can tell what was called.

import './servers.mjs';
import './associated.mjs';
import './scopes.mjs';
import './claims.mjs';
import './policies.mjs';
import './rules.mjs';
import './keys.mjs';
import './resource-keys.mjs';
import './clients.mjs';
import './errors.mjs';
import './service-app.mjs';
import './operations.mjs';
