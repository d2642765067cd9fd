/**
 * The worker's process. `understudy start` runs it; on other machines it is run by hand. The environment tells it where
 * understudy.yaml is (UNDERSTUDY_CONFIG, default ./understudy.yaml) and, by Temporal's own variables, where Temporal is.
 * SIGTERM and SIGINT let it finish what it does; what it cannot finish in time goes on when a worker is back.
 */
import { runWorker } from "./run.ts";

await runWorker();
