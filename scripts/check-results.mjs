/**
 * `node scripts/check-results.mjs LIST RESULT.json…`: fails if a test file on the list did not run, if a test failed, if one
 * was skipped in every run (some need root, others must not have it), or if a file that ran is not on the list.
 */
import { readFileSync } from "node:fs";
import path from "node:path";

const [listFile, ...resultFiles] = process.argv.slice(2);
const listed = readFileSync(listFile, "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"));
/** Status by file and test; having passed once outweighs having been skipped. */
const tests = new Map();
const ran = new Set();
const complaints = [];

for (const file of resultFiles) {
  for (const result of JSON.parse(readFileSync(file, "utf8")).testResults) {
    const name = path.relative(process.cwd(), result.name);
    ran.add(name);
    if (result.status === "failed") complaints.push(`failed: ${name}`);
    for (const { fullName, status } of result.assertionResults) {
      const key = `${name}: ${fullName}`;
      if (status === "failed" || (status === "passed" && tests.get(key) !== "failed")) tests.set(key, status);
      else if (!tests.has(key)) tests.set(key, "skipped");
    }
  }
}
for (const [key, status] of tests) if (status === "skipped") complaints.push(`skipped: ${key}`);
for (const name of listed) if (!ran.has(name)) complaints.push(`on the list, but did not run: ${name}`);
for (const name of ran) if (!listed.includes(name)) complaints.push(`ran, but is not on the list ${listFile}: ${name}`);

for (const complaint of complaints) console.error(complaint);
const count = (wanted) => [...tests.values()].filter((status) => status === wanted).length;
console.log(`${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped`);
process.exitCode = complaints.length > 0 || count("passed") === 0 ? 1 : 0;
