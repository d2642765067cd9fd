export { check } from "./check.ts";
export { failover } from "./failover.ts";
export { fenceTest } from "./fence-test.ts";
export { operate } from "./operate.ts";
export { rotation } from "./rotation.ts";
export { service } from "./service.ts";
export { switchover } from "./switchover.ts";
export { sync } from "./sync.ts";
