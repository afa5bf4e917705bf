// Typeset formulas with MathJax, once, while the book is built.
//
//     node typeset.js FOLDER-OF-MATHJAX ADDRESS-OF-FONTS < formulas.json > typeset.json
//
// In: a list of [TeX, whether it is displayed]. Out: {formulas, styles}, where each formula is HTML
// with hidden MathML for screen readers, or {"error": message}.

const [folder, fontURL] = process.argv.slice(2);
const formulas = JSON.parse(require("fs").readFileSync(0, "utf8"));

global.MathJax = {
  loader: {
    paths: { mathjax: folder },
    require,
    versionWarnings: false,
    load: ["input/tex-full", "output/chtml", "a11y/assistive-mml", "adaptors/liteDOM"],
  },
  chtml: { fontURL },
  startup: { typeset: false },
};
require(`${folder}/startup.js`);
MathJax.loader.load("startup").catch(() => {});

MathJax.startup.promise
  .then(() => {
    const adaptor = MathJax.startup.adaptor;
    const typeset = ([tex, display]) => {
      const node = MathJax.tex2chtml(tex, { display, em: 16, ex: 8, containerWidth: 1200 });
      const html = adaptor.outerHTML(node);
      const error = html.match(/data-mjx-error="([^"]*)"/);
      if (error) return { error: error[1] };
      // What HTML does not ask for is a tenth of a page.
      return html
        .replace(/ (xmlns|unselectable|data-mjx-texclass)="[^"]*"/g, "")
        .replace(' style="position: relative;"', "");
    };
    const result = { formulas: formulas.map(typeset) };
    result.styles = adaptor.textContent(MathJax.chtmlStylesheet());
    process.stdout.write(JSON.stringify(result));
  })
  .catch((error) => {
    console.error(error);
    process.exit(1);
  });
