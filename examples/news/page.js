// The page of the news: asks the browser to have them fetched once a day.

const ONE_DAY = 24 * 60 * 60 * 1000;

navigator.serviceWorker.register("sw.js");

async function fetchNewsDaily() {
  const registration = await navigator.serviceWorker.ready;
  if (!("periodicSync" in registration)) {
    console.log("no periodic sync here: the news are fetched when they are read");
    return;
  }
  await registration.periodicSync.register("news", { minInterval: ONE_DAY });
}

fetchNewsDaily().catch((error) => console.log(`the news are not kept: ${error.message}`));
