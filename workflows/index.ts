export { service } from "./service.ts";
export { switchover } from "./switchover.ts";
