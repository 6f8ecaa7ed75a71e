/** The only thread that writes views.sqlite: its client, its operations, and the code that runs in it. */
export { startViewsWorker, viewsClient, type ViewsClient } from './client';
