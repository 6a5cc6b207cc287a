// Placeholder replaced below.
export function dispatchFetch() {}
