/** The one thread that writes views.sqlite: how others call it, what it can be asked, and what runs in it. */
export { startViewsWorker, viewsClient, type ViewsClient } from './client';
