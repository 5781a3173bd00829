// From a file, pages cannot be fetched: the hits then stand without the lines around them.
if (location.protocol === "file:") {
  DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
}

// The index and the lines around a hit hold formulas as they were typed, often cut off in the
// middle, which no typesetter would take: they are shown in plain letters.
addEventListener("DOMContentLoaded", () => {
  "use strict";
  const results = document.getElementById("search-results");
  if (results === null) return;

  const SIGNS = {
    alpha: "α", beta: "β", gamma: "γ", delta: "δ", epsilon: "ε", varepsilon: "ε", theta: "θ",
    kappa: "κ", lambda: "λ", mu: "μ", nu: "ν", xi: "ξ", rho: "ρ", sigma: "σ", tau: "τ", phi: "φ",
    varphi: "φ", psi: "ψ", omega: "ω", Gamma: "Γ", Delta: "Δ", Theta: "Θ", Lambda: "Λ",
    Sigma: "Σ", Psi: "Ψ", ell: "ℓ", to: "→", infty: "∞", le: "≤", leq: "≤", ge: "≥", geq: "≥",
    ll: "≪", gg: "≫", ne: "≠", neq: "≠", approx: "≈", propto: "∝", sim: "∼", in: "∈", pm: "±",
    mp: "∓", cdot: "·", times: "×", odot: "⊙", nabla: "∇", partial: "∂", sum: "Σ", prod: "Π",
    int: "∫", sqrt: "√", top: "⊤", star: "*", ast: "*", preceq: "⪯", succeq: "⪰", mapsto: "↦",
    leftarrow: "←", rightarrow: "→", dots: "…", ldots: "…", cdots: "…", quad: " ", qquad: " ",
    lvert: "|", rvert: "|", lVert: "‖", rVert: "‖", langle: "⟨", rangle: "⟩", mid: "|",
  }; // prettier-ignore
  const NAMES = /^(log|exp|min|max|argmin|argmax|sinh|cosh|arcsinh|sign|diag|ker|dim|lim|sup|inf)$/;
  const LOW = "₀₁₂₃₄₅₆₇₈₉", HIGH = "⁰¹²³⁴⁵⁶⁷⁸⁹";

  const plain = (text) =>
    text
      .replace(/\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}/g, "$1/$2")
      .replace(/\\[dt]?frac(\d)(\d)/g, "$1/$2")
      .replace(/\\\|/g, "‖")
      .replace(/\\[,;:! ]/g, " ")
      .replace(/\\([A-Za-z]+) ?/g, (_, name) => SIGNS[name] ?? (NAMES.test(name) ? `${name} ` : ""))
      .replace(/\\[()[\]]/g, "") // where a formula begins and ends
      .replace(/_\{?(\d)\}?/g, (_, digit) => LOW[digit])
      .replace(/\^\{?(\d)\}?/g, (_, digit) => HIGH[digit])
      .replace(/(\S)[_^]\{([^{}]*)\}/g, "$1$2")
      .replace(/(→|≤|≥|≪|≫|≈|≠|=)(?=\S)/g, "$1 ")
      .replace(/(\S)(?=[→≤≥≪≫≈≠])/g, "$1 ");

  new MutationObserver(() => {
    const walker = document.createTreeWalker(results, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      if (/\\[A-Za-z()[\]]/.test(node.data)) node.data = plain(node.data);
    }
  }).observe(results, { childList: true, subtree: true });
});
