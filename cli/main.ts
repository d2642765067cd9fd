import { CommanderError } from "commander";
import { EXIT } from "./exit-codes.ts";
import { toFailure } from "./failure.ts";
import { createProgram } from "./program.ts";

/** Runs the command line and ends the process with its exit code. */
export async function main(argv: readonly string[]): Promise<never> {
  leaveQuietlyWhenNobodyReads();
  let exitCode: number = EXIT.done;
  const program = createProgram(async (context, verb) => {
    try {
      exitCode = await verb(context);
    } catch (error) {
      const failure = toFailure(error);
      context.output.failure(failure);
      exitCode = failure.exitCode;
    }
  });
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    // Commander has written its message already; help and version come this way too.
    if (!(error instanceof CommanderError)) throw error;
    exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  }
  await Promise.all([flush(process.stdout), flush(process.stderr)]);
  process.exit(exitCode);
}

/** A reader that goes away (`| head`, a closed terminal) must not make a crash of it; what goes on is then no longer watched. */
function leaveQuietlyWhenNobodyReads(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => process.exit(EXIT.unknown));
}

async function flush(stream: NodeJS.WriteStream): Promise<void> {
  await new Promise<void>((resolve) => stream.write("", () => resolve()));
}
