/** Starts Swagger UI over the program's own document; it sends requests to this server only. */
import './reference.css';

declare const SwaggerUIBundle: (options: Readonly<Record<string, unknown>>) => unknown;

SwaggerUIBundle({
  url: '/openapi.json',
  domNode: document.getElementById('reference'),
  deepLinking: true,
  docExpansion: 'list',
  // The session of the console goes along by itself; keys are entered by hand and kept nowhere.
  persistAuthorization: false,
  validatorUrl: null,
  defaultModelsExpandDepth: 0,
});
