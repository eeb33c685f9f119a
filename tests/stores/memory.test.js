import { MemoryStore } from 'sesame-edge/stores';
import { contract } from './contract.js';

const store = new MemoryStore();
contract('the store in memory', (options) => (options ? new MemoryStore(options) : store));
