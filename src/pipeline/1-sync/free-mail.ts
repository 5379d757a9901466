const words = (text: string): Set<string> => new Set(text.split(/\s+/).filter((word) => word !== ''));

/** Mailboxes for everybody: nobody who types one of these means the company behind it. Written from knowledge. */
const MAILBOXES = words(
  `gmail.com googlemail.com ymail.com rocketmail.com msn.com passport.com icloud.com me.com mac.com aol.com aol.de aim.com
  live.com live.de live.fr live.nl live.it live.be live.se live.dk live.no live.at live.ie live.ca live.cn live.in live.jp
  live.co.uk live.com.au live.com.mx live.com.ar live.com.pt live.cl windowslive.com
  proton.me protonmail.com protonmail.ch pm.me tutanota.com tutanota.de tuta.com tuta.io keemail.me posteo.de posteo.net
  mailbox.org fastmail.com fastmail.fm hey.com hushmail.com runbox.com startmail.com disroot.org riseup.net zohomail.com zohomail.eu
  mail.com email.com usa.com post.com inbox.com inbox.lv mail.ru bk.ru list.ru inbox.ru internet.ru ya.ru
  web.de freenet.de arcor.de online.de vodafonemail.de email.it email.cz wp.pl o2.pl op.pl poczta.fm tlen.pl
  freemail.hu citromail.hu abv.bg mail.bg ukr.net i.ua meta.ua walla.com
  qq.com vip.qq.com foxmail.com 163.com 126.com yeah.net 188.com hanmail.net rediffmail.com
  mailinator.com yopmail.com guerrillamail.com 10minutemail.com tempmail.com trashmail.com sharklasers.com duck.com`,
);

/** Access providers and portals: their customers' mailboxes say nothing, while their website is that of a real company. */
const PROVIDERS = words(
  `t-online.de kabelmail.de unitybox.de bluewin.ch hispeed.ch sunrise.ch chello.at aon.at a1.net
  orange.fr wanadoo.fr free.fr laposte.net sfr.fr neuf.fr bbox.fr numericable.fr skynet.be telenet.be scarlet.be
  libero.it virgilio.it tiscali.it alice.it tin.it inwind.it tim.it
  ziggo.nl kpnmail.nl planet.nl home.nl hetnet.nl xs4all.nl telefonica.net terra.es sapo.pt
  onet.pl interia.pl gazeta.pl seznam.cz centrum.cz atlas.cz azet.sk zoznam.sk rambler.ru walla.co.il telia.com online.no
  comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net juno.com netzero.net optonline.net
  frontiernet.net windstream.net btinternet.com talktalk.net ntlworld.com blueyonder.co.uk virginmedia.com tiscali.co.uk sky.com
  shaw.ca rogers.com sympatico.ca videotron.ca bigpond.com bigpond.net.au optusnet.com.au iinet.net.au xtra.co.nz
  sina.com sina.cn sohu.com 139.com 189.cn aliyun.com tom.com naver.com daum.net nate.com kakao.com
  docomo.ne.jp ezweb.ne.jp softbank.ne.jp nifty.com biglobe.ne.jp sify.com uol.com.br bol.com.br terra.com.br ig.com.br
  globo.com r7.com`,
);

// Mailbox providers with a domain in each country.
const FAMILY =
  /^(yahoo|hotmail|outlook|gmx|yandex)\.(com|net|de|at|ch|li|fr|it|es|pt|nl|be|dk|se|no|fi|ie|pl|cz|hu|gr|ro|ru|by|kz|ua|in|jp|cn|tw|hk|sg|ph|my|id|th|vn|sa|cl|mx|ar|br|ca|eu|us|co\.uk|co\.in|co\.jp|co\.kr|co\.id|co\.nz|co\.th|co\.za|com\.[a-z]{2})$/;

/**
 * True when an address at this domain says nothing about where a person works.
 * @param isEmail an e-mail address was given; a website of an access provider is a company's own
 */
export function isFreeMail(domain: string, isEmail: boolean): boolean {
  return MAILBOXES.has(domain) || FAMILY.test(domain) || (isEmail && PROVIDERS.has(domain));
}
