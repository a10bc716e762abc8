/** What a result says of its protocol, for people: the same from the panel and from the command line. */
export { type Protocol, protocolLines } from '../engine/analyses/declare/protocolText.js';
