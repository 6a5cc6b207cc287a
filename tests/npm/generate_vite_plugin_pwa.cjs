// Generates a worker with vite-plugin-pwa from a folder that was built: what Vite calls at the end of a build is called
// here, without Vite.
// Usage: node generate_vite_plugin_pwa.cjs FOLDER
const { VitePWA } = require("vite-plugin-pwa");

const outDir = require("node:path").resolve(process.argv[2]);
const plugin = VitePWA({ registerType: "autoUpdate", manifest: false })
  .find(({ name }) => name === "vite-plugin-pwa");

async function generate() {
  await plugin.configResolved({
    base: "/",
    build: { outDir, ssr: false },
    command: "build",
    logger: console,
    mode: "production",
    plugins: [],
    publicDir: outDir,
    root: outDir,
  });
  await plugin.api.generateSW();
}

generate();
