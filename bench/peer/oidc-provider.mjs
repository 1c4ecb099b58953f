// The peer of the token rows: npm `oidc-provider` with its own in-memory store, one process, on loopback.
//
//   node oidc-provider.mjs PORT
//
// Access tokens for the resource `urn:bench` are JWTs, signed with RS256 or, for `urn:bench:es256`, with ES256; without
// a resource they are opaque, which is the kind that it introspects.
import { generateKeyPairSync } from 'node:crypto';
import { Provider } from 'oidc-provider';

const port = Number(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;
const jwk = (type, options, alg) => {
  const { privateKey } = generateKeyPairSync(type, options);
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg, kid: alg };
};
const client = {
  client_id: 'bench',
  client_secret: 'a-secret-of-the-benchmark-and-of-nothing-else',
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
  token_endpoint_auth_method: 'client_secret_post',
};
const provider = new Provider(issuer, {
  clients: [client],
  jwks: { keys: [jwk('rsa', { modulusLength: 2048 }, 'RS256'), jwk('ec', { namedCurve: 'P-256' }, 'ES256')] },
  ttl: { ClientCredentials: 3600 },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      getResourceServerInfo: (_, resource) => ({
        scope: 'read',
        audience: resource,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: resource.endsWith('es256') ? 'ES256' : 'RS256' } },
      }),
    },
  },
});
provider.listen(port, '127.0.0.1');
