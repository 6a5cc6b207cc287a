// Generates a worker with next-pwa and webpack as `next build` does, without Next.js.
// Usage: node generate_next_pwa.cjs FOLDER
const path = require("node:path");
const webpack = require("webpack");
const withPWA = require("next-pwa");

// next-pwa looks for `public` in the folder that it is run in.
process.chdir(process.argv[2]);
const folder = process.cwd();
const { webpack: configure } = withPWA({ dest: "public", register: false })({});
const config = configure(
  {
    context: folder,
    devtool: false,
    entry: async () => ({ "main.js": [path.join(folder, "main.js")] }),
    mode: "production",
    output: {
      filename: "static/chunks/[name]",
      path: path.join(folder, "public/_next"),
      publicPath: "/_next/",
    },
    plugins: [],
  },
  { buildId: "build", config: {}, dev: false, dir: folder, isServer: false, webpack },
);
webpack(config, (error, stats) => {
  if (error ?? stats.hasErrors()) {
    console.error(error ?? stats.toString());
    process.exitCode = 1;
  }
});
