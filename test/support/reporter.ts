import { writeFileSync } from 'node:fs';
import type { Reporter, SerializedError, TestCase, TestModule } from 'vitest/node';

/**
 * Names every skipped test with its reason and, last, every failed one by a line `failed: …`, and leaves
 * `<passed> <failed>` in the file that test.sh asked for. Under `CI=true` what was skipped has failed.
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const skipped = tests.filter((test) => test.result().state === 'skipped');
    const passed = tests.filter((test) => test.result().state === 'passed').length;
    // A file that does not load, or a failing hook, has no test of its own to count.
    const broken = modules.filter((module) => module.state() === 'failed' && ![...module.children.allTests('failed')].length).length;
    let failed = tests.filter((test) => test.result().state === 'failed').length + broken + unhandled.length;
    const strict = process.env['CI'] === 'true';
    if (strict) failed += skipped.length;
    if (skipped.length > 0) {
      console.log(`\nSkipped${strict ? ' (a failure, because CI=true)' : ''}:`);
      for (const test of skipped) console.log(`  ${test.module.relativeModuleId} > ${test.fullName}: ${reason(test)}`);
    }
    for (const test of tests.filter((each) => each.result().state === 'failed')) console.log(`failed: ${test.module.relativeModuleId} > ${test.fullName}: ${firstLine(test.result().errors)}`);
    if (strict) for (const test of skipped) console.log(`failed: ${test.module.relativeModuleId} > ${test.fullName}: skipped`);
    for (const module of modules.filter((each) => each.errors().length > 0)) console.log(`failed: ${module.relativeModuleId}: ${firstLine(module.errors())}`);
    for (const error of unhandled) console.log(`failed: outside the tests: ${firstLine([error])}`);
    if (failed > 0) process.exitCode = 1;
    const file = process.env['LOGBOOK_TEST_SUMMARY'];
    if (file !== undefined) writeFileSync(file, `${passed} ${failed}\n`);
  }
}

const firstLine = (errors: readonly { readonly message: string }[] | undefined): string => errors?.[0]?.message.split('\n', 1)[0]?.slice(0, 300) ?? 'no error was kept';

function reason(test: TestCase): string {
  const result = test.result();
  if (result.state === 'skipped' && result.note !== undefined) return result.note;
  for (let task: TestCase | TestCase['parent'] = test; ; task = task.parent) {
    const why = task.type === 'module' ? undefined : task.meta().cannotRun;
    if (why !== undefined) return why;
    if (task.type === 'module') return test.options.mode === 'todo' ? 'still to be written' : 'skipped in the test file';
  }
}
