#!/usr/bin/env node
import { main } from '../edge_worker/serve/cli.js';

process.exitCode = await main(process.argv.slice(2));
