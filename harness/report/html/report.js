/* The filters of the page. Their state is the fragment of the address, so that a view can be linked
   to: v, l, s (lists of verdicts, levels, suites), q (text), c and d (changed, targets differ). A
   fragment without "=" is the id of a check or target. Without this script the page is whole. */
'use strict';
(function () {
  var root = document.documentElement;
  var lists = ['v', 'l', 's'], flags = ['c', 'd'];

  function all(selector, within) {
    return Array.prototype.slice.call((within || document).querySelectorAll(selector));
  }

  /* ---- dark and light ---- */

  function stored() {
    try { return localStorage.getItem('assay-theme'); } catch (e) { return null; }
  }
  function isDark() {
    var asked = root.getAttribute('data-theme');
    return asked ? asked === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  }
  function show(theme) {
    root.setAttribute('data-theme', theme);
    try { localStorage.setItem('assay-theme', theme); } catch (e) { /* not every place may keep it */ }
  }
  if (stored() === 'dark' || stored() === 'light') root.setAttribute('data-theme', stored());

  document.addEventListener('DOMContentLoaded', function () {
    var form = document.querySelector('.controls'), search = form.elements.q;
    var output = form.querySelector('output'), theme = document.getElementById('theme');
    var checks = all('details.check').map(function (el) {
      return { el: el, v: el.dataset.v, l: el.dataset.l, s: el.dataset.s, c: el.dataset.c,
        text: all('summary, .against, .facts', el).map(function (part) {
          return part.textContent;
        }).join(' ').toLowerCase() };
    });
    var rows = all('.matrix tbody tr').map(function (el) {
      var id = el.querySelector('code').textContent;
      return { el: el, v: el.dataset.v.trim().split(' '), l: el.dataset.l, s: id.split('.')[0], d: el.dataset.d,
        c: el.dataset.c.trim().split(' '), text: id.toLowerCase() };
    });
    var groups = all('.group'), nothing = document.querySelector('.nothing');
    var differing = {};
    rows.forEach(function (row) { if (row.d) differing[row.text] = true; });

    /* ---- the controls ---- */

    var suites = {};
    checks.forEach(function (c) { suites[c.s] = true; });
    Object.keys(suites).sort().forEach(function (suite) {
      var label = document.createElement('label'), input = document.createElement('input');
      var span = document.createElement('span');
      label.className = 'chip';
      input.type = 'checkbox';
      input.name = 's';
      input.value = suite;
      span.textContent = suite;
      label.append(input, span);
      document.getElementById('suites').append(label);
    });
    form.hidden = false;
    theme.hidden = false;
    all('.copy').forEach(function (button) { button.hidden = false; });

    function boxes(name) { return all('input[name="' + name + '"]', form); }
    function chosen(name) {
      return boxes(name).filter(function (b) { return b.checked; }).map(function (b) { return b.value; });
    }

    /* ---- filtering ---- */

    function among(list, value) {
      if (list.length === 0) return true;
      return Array.isArray(value) ? value.some(function (v) { return list.indexOf(v) >= 0; })
        : list.indexOf(value) >= 0;
    }
    function hasChanged(c) {
      return Array.isArray(c) ? c.some(hasChanged) : c !== 'same';
    }
    function matches(item, want) {
      return lists.every(function (name) { return among(want[name], item[name]); }) &&
        (!want.c.length || hasChanged(item.c)) && (!want.d.length || item.d) &&
        want.words.every(function (word) { return item.text.indexOf(word) >= 0; });
    }
    function filter() {
      var want = {}, left = 0;
      lists.concat(flags).forEach(function (name) { want[name] = chosen(name); });
      want.words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      checks.forEach(function (c) {
        c.d = want.d.length && differing[c.el.querySelector('code').textContent.toLowerCase()];
        c.el.hidden = !matches(c, want);
        left += !c.el.hidden;
      });
      rows.forEach(function (row) { row.el.hidden = !matches(row, want); });
      groups.forEach(function (group) {
        group.hidden = !group.querySelector('.check:not([hidden])');
      });
      nothing.hidden = left > 0 || checks.length === 0;
      output.textContent = left + ' of ' + checks.length + ' check' + (checks.length === 1 ? '' : 's');
    }

    /* ---- the fragment ---- */

    function write() {
      var parts = [];
      lists.concat(flags).forEach(function (name) {
        var values = chosen(name);
        if (values.length) parts.push(name + '=' + values.map(encodeURIComponent).join(','));
      });
      if (search.value) parts.push('q=' + encodeURIComponent(search.value));
      try {
        history.replaceState(null, '', parts.length ? '#' + parts.join('&') : location.pathname + location.search);
      } catch (e) { /* a page without an address, as in a frame, has no fragment to keep */ }
    }
    function decode(text) {
      try { return decodeURIComponent(text); } catch (e) { return text; }
    }
    function read() {
      var text = location.hash.slice(1), want = {};
      text.split('&').forEach(function (part) {
        var at = part.indexOf('=');
        if (at > 0) want[part.slice(0, at)] = part.slice(at + 1);
      });
      lists.concat(flags).forEach(function (name) {
        var values = (want[name] || '').split(',').map(decode);
        boxes(name).forEach(function (b) { b.checked = values.indexOf(b.value) >= 0; });
      });
      search.value = decode(want.q || '');
    }
    function reveal(id) {
      var el = id && document.getElementById(id);
      if (!el) return false;
      if (el.hidden || el.closest('[hidden]')) clear();
      if (el.closest('details.check')) el.closest('details.check').open = true;
      el.scrollIntoView();
      return true;
    }
    function arrive() {
      if (location.hash.indexOf('=') < 0 && reveal(decode(location.hash.slice(1)))) return;
      read();
      filter();
    }
    function clear() {
      form.reset();
      filter();
    }

    form.addEventListener('input', function () { filter(); write(); });
    form.addEventListener('submit', function (e) { e.preventDefault(); });
    document.getElementById('clear').addEventListener('click', function () { clear(); write(); });
    ['open', 'close'].forEach(function (act) {
      document.getElementById(act).addEventListener('click', function () {
        checks.forEach(function (c) { if (!c.el.hidden) c.el.open = act === 'open'; });
      });
    });
    window.addEventListener('hashchange', arrive);
    document.addEventListener('keydown', function (e) {
      if (e.key !== '/' || e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|TEXTAREA)$/.test(e.target.tagName)) return;
      e.preventDefault();
      search.focus();
    });

    /* ---- the rest ---- */

    function label() { theme.textContent = isDark() ? 'light' : 'dark'; }
    theme.addEventListener('click', function () { show(isDark() ? 'light' : 'dark'); label(); });
    label();

    function select(node) {
      var range = document.createRange(), selection = getSelection();
      range.selectNodeContents(node);
      selection.removeAllRanges();
      selection.addRange(range);
    }
    document.addEventListener('click', function (e) {
      if (!e.target.classList.contains('copy')) return;
      var button = e.target, code = button.parentNode.querySelector('code');
      function done(ok) {
        button.textContent = ok ? 'copied' : 'selected';
        setTimeout(function () { button.textContent = 'copy'; }, 1500);
      }
      function otherwise() {
        select(code);
        done(document.execCommand && document.execCommand('copy'));
      }
      if (navigator.clipboard) navigator.clipboard.writeText(code.textContent).then(function () { done(true); }, otherwise);
      else otherwise();
    });
    window.addEventListener('beforeprint', function () {
      checks.forEach(function (c) { if (c.v === 'fail' || c.v === 'error') c.el.open = true; });
    });
    filter();
    arrive();
  });
})();
