// A reporter for vitest: names the tests that failed and then passed when they were run once more, with what they failed with. CI runs a
// failed test once more, since its machine is shared. Such a test is still to be mended.

export default class FlakyReporter {
  #flaky = [];

  onTestCaseResult(test) {
    if (test.diagnostic()?.flaky) this.#flaky.push(test);
  }

  onTestRunEnd() {
    for (const test of this.#flaky) {
      const errors = test.result().errors ?? [];
      console.log(`Failed first, passed when run again: ${test.module.moduleId} > ${test.fullName}`);
      for (const { stack, message } of errors) console.log(`  ${stack ?? message}`);
    }
  }
}
