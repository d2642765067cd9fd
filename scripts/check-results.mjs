/**
 * `node scripts/check-results.mjs LIST RESULT.json…`: fails if a test file on the list did not run, if any test was skipped
 * or failed, or if a test file that exists is not on the list.
 */
import { readFileSync } from "node:fs";
import path from "node:path";

const [listFile, ...resultFiles] = process.argv.slice(2);
const listed = readFileSync(listFile, "utf8").split("\n").filter((line) => line !== "" && !line.startsWith("#"));
const counts = { passed: 0, failed: 0, skipped: 0 };
const ran = new Map();
const complaints = [];

for (const file of resultFiles) {
  for (const result of JSON.parse(readFileSync(file, "utf8")).testResults) {
    const name = path.relative(process.cwd(), result.name);
    ran.set(name, (ran.get(name) ?? 0) + result.assertionResults.length);
    for (const test of result.assertionResults) {
      if (test.status === "passed") counts.passed += 1;
      else if (test.status === "failed") counts.failed += 1;
      else {
        counts.skipped += 1;
        complaints.push(`skipped: ${name}: ${test.fullName}`);
      }
    }
    if (result.status === "failed") complaints.push(`failed: ${name}`);
  }
}
for (const name of listed) if (!ran.get(name)) complaints.push(`on the list, but did not run: ${name}`);
for (const name of ran.keys()) if (!listed.includes(name)) complaints.push(`ran, but is not on the list ${listFile}: ${name}`);

for (const complaint of complaints) console.error(complaint);
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = complaints.length > 0 || counts.passed === 0 ? 1 : 0;
