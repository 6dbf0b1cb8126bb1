import js from "@eslint/js";
import globals from "globals";

export default [
  { ignores: ["**/*.d.ts", "**/page/preact.js", "**/page/preact-hooks.js", "**/page/htm.js"] },
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2024, sourceType: "module", globals: globals.browser },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: "error", "no-var": "error", "prefer-const": "error", "no-shadow": "off", "no-implicit-globals": "error", "no-unused-vars": ["error", { varsIgnorePattern: "^_$", argsIgnorePattern: "^_$" }],
      "no-restricted-syntax": ["error", {
        selector: "MemberExpression[property.name=/^(innerHTML|outerHTML|insertAdjacentHTML)$/]",
        message: "Text goes in as text (view.js), never as markup.",
      }],
    },
  },
];
