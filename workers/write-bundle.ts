/** Makes the workflows' bundle (`npm run build`, or a worker that finds none). Argument: the directory for it. */
import { writeBundle } from "./workflow-bundle.ts";

await writeBundle(process.argv[2]);
