/** Libraries with a native part, which npm builds or fetches when it installs them: one sentence where it is not there. */

/** The native part of a library is missing, or is not for this Node: which, and what to run. */
export class NativePartMissing extends Error {
  override readonly name = 'NativePartMissing';
}

/** How to build the native part of a library where the usual command is not enough. */
const HINTS: Readonly<Record<string, string>> = {
  'better-sqlite3': 'where its prebuilt file cannot be downloaded, that needs make, python3 and a C++ compiler',
  '@confluentinc/kafka-javascript':
    'where its prebuilt file cannot be downloaded, set CKJS_LINKING=dynamic, which builds it with make, python3 and a ' +
    'C++20 compiler against the libraries of the system (libssl-dev zlib1g-dev libzstd-dev libsasl2-dev libcurl4-openssl-dev)',
};

/** Runs what loads the native part of `library`. Throws {@link NativePartMissing} if that is not there or does not fit. */
export const withNativePart = <Result>(library: string, load: () => Result): Result => {
  try {
    return load();
  } catch (error) {
    const fault = faultOf(error);
    if (fault === undefined) throw error;
    const hint = HINTS[library];
    throw new NativePartMissing(
      `the native part of ${library} ${fault}: run 'npm rebuild --ignore-scripts=false ${library}'` +
        (hint === undefined ? '' : `; ${hint}`),
      { cause: error },
    );
  }
};

/** What is wrong with the native part; undefined for any other error. */
const faultOf = (error: unknown): string | undefined => {
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error ? error.code : undefined;
  if (code === 'ERR_DLOPEN_FAILED') {
    return `does not load in this Node (${process.version}, ${process.platform} ${process.arch}: ${error.message.split('\n')[0] ?? ''})`;
  }
  // The library `bindings`, which looks for the file, marks its error so.
  const isNotFound = error.message.startsWith('Could not locate the bindings file');
  return isNotFound ? 'is not built (an install with --ignore-scripts, or a blocked install script)' : undefined;
};
