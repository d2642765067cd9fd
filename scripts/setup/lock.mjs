import fs from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { CACHE } from "./paths.mjs";
import { say } from "./command.mjs";

const LOCK = path.join(CACHE, "setup.lock");

/**
 * Lets one set-up at a time change the cache. A lock whose owner is gone is taken over.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(work) {
  fs.mkdirSync(CACHE, { recursive: true });
  let told = false;
  while (!take()) {
    if (!told) say("Another set-up is running; waiting for it.");
    told = true;
    await delay(500);
  }
  const release = () => fs.rmSync(LOCK, { force: true });
  process.once("exit", release);
  try {
    return await work();
  } finally {
    process.off("exit", release);
    release();
  }
}

function take() {
  // A link appears with its content or not at all, so nobody reads a lock without an owner.
  const mine = `${LOCK}.${process.pid}`;
  fs.writeFileSync(mine, String(process.pid));
  try {
    fs.linkSync(mine, LOCK);
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    if (!ownerLives()) fs.rmSync(LOCK, { force: true });
    return false;
  } finally {
    fs.rmSync(mine, { force: true });
  }
}

function ownerLives() {
  try {
    process.kill(Number(fs.readFileSync(LOCK, "utf8")), 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}
