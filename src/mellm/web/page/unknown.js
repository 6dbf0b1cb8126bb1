// The page of an address at which there is no clip.

import { wireLook } from "./look.js";
import { t } from "./words.js";

const name = () => { document.title = `${t("unknown_title")} – mellm`; };

wireLook(name);
name();
