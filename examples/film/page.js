// Asks for a film and its subtitles, and need not wait for them.

async function fetchFilm() {
  const { backgroundFetch } = await navigator.serviceWorker.ready;
  if (await backgroundFetch.get("film")) return;
  await backgroundFetch.fetch("film", ["film.txt", "subtitles.txt"], { title: "A film" });
  console.log("the film will be here, whatever becomes of this page");
}

fetchFilm();
