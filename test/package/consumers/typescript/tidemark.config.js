export { default } from './build/application.js';
